import EngineSupport
import Foundation

/// Python with Celery's serializers, in a process that lives as long as it is asked.
final class Oracle {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let python = root.appending(path: ".build/peers/bin/python").path

    /// Whether `scripts/python-peers` has installed it.
    static let isInstalled: Bool = {
        let files = try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: ".build/peers").path)
        return files?.contains { $0.hasPrefix("installed-") } ?? false
    }()

    private let program: Program
    private var answered = 0

    init() throws {
        let script = Self.root.appending(path: "Tests/Fixtures/peer/oracle.py").path
        self.program = try Program(command: [Self.python, script], expectsOutcomes: false)
    }

    /// What it makes of each document.
    func answers(_ subject: Subject, _ documents: [[UInt8]]) throws -> [String] {
        self.program.send(documents.map { "\(subject.rawValue) \(CanonicalText.hex($0))" })
        let count = self.answered + documents.count
        try self.program.wait(for: "\(documents.count) answers", within: 60) { self.program.outputLines.count >= count }
        defer { self.answered = count }
        return Array(self.program.outputLines[self.answered..<count])
    }

    func finish() throws -> Int32 { try self.program.finish(within: 10) }
}
