import Simulation

/// Looks for the first seed that finds each planted bug.
struct PlantedBugs {
    let most: UInt64
    private let simulation = Simulation()

    init(most: UInt64) { self.most = most }

    /// Returns the exit status: 1 when one was not found.
    func run() -> Int32 {
        var isGood = true
        for mutation in Mutation.allCases {
            if let (seed, rule) = self.find(mutation) {
                print("| \(mutation.rawValue) | \(seed) | \(rule.rawValue) |")
            } else {
                isGood = false
                print("| \(mutation.rawValue) | not within \(self.most) | |")
            }
        }
        return isGood ? 0 : 1
    }

    private func find(_ mutation: Mutation) -> (UInt64, Rule)? {
        for seed in 1...self.most {
            let outcome = self.simulation.play(Plan(seed: seed), mutation: mutation)
            if let violation = outcome.violations.first { return (seed, violation.rule) }
        }
        return nil
    }
}
