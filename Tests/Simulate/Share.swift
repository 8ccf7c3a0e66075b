import Glibc
import Simulation

/// One process's share of the seeds: tells in lines what came of them.
struct Share {
    private let arguments: Arguments
    private let mutation: Mutation?
    private let stride: UInt64
    /// Seeds that are played twice.
    private static let repeated = 10

    init(_ arguments: Arguments, _ mutation: Mutation?, stride: UInt64) {
        (self.arguments, self.mutation, self.stride) = (arguments, mutation, stride)
    }

    func run() {
        let simulation = Simulation()
        var reached = Reached()
        var events = 0
        var played = 0
        for seed in Swift.stride(
            from: self.arguments.from, to: self.arguments.from + self.arguments.seeds, by: Int(self.stride))
        {
            print("plays\t\(seed)")
            // Whoever reads must know which seed was the last one, should this process crash.
            fflush(nil)
            let outcome = simulation.play(Plan(seed: seed), mutation: self.mutation)
            reached.add(outcome.reached)
            events += outcome.events
            played += 1
            if played <= Self.repeated, simulation.play(Plan(seed: seed), mutation: self.mutation).hash != outcome.hash
            {
                print("differs\t\(seed)")
            }
            if let violation = outcome.violations.first {
                print("broke\t\(seed)\t\(violation.rule.rawValue)\t\(violation.text)")
            }
        }
        // All processes play this one: their hashes differ where something depends on the process.
        print("hash\t\(simulation.play(Plan(seed: self.arguments.from), mutation: self.mutation).hash)")
        print("played\t\(played)\t\(events)")
        for (name, count) in reached.counts { print("reached\t\(name)\t\(count)") }
    }
}
