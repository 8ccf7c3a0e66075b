import EngineSupport
import JSON
import Testing

/// A program that was fed lines and has ended, with nothing left of its tree.
struct Run {
    let status: CInt
    let outcomes: [Outcome]
    let program: Program

    init(
        _ executable: Executable, _ arguments: [String] = [], _ lines: [String] = [],
        environment: [String: String] = [:], within seconds: Double = 30
    ) throws {
        self.program = try Program(run: executable, arguments, environment: environment)
        if !lines.isEmpty { self.program.send(lines) }
        self.status = try self.program.finish(within: seconds)
        self.outcomes = self.program.outcomes
    }

    /// The only outcome with this id; an empty one, and a failed test, when there is another number of them.
    subscript(id: String) -> Outcome {
        let found = self.outcomes.filter { $0.id == id }
        #expect(found.count == 1, "\(id) has \(found.count) outcomes")
        return found.first ?? Outcome(json: nil, arrival: 0)
    }

    var errorText: String { self.program.errorText }
    /// Ids in the order of the outcomes.
    var order: [String] { self.outcomes.compactMap(\.id) }
}
