import Simulation

/// Plays one seed again, or what is left of it, and tells what happens.
struct Replay {
    private let seed: UInt64
    private let arguments: Arguments
    private let mutation: Mutation?
    private let simulation = Simulation()

    init(_ seed: UInt64, _ arguments: Arguments, _ mutation: Mutation?) {
        (self.seed, self.arguments, self.mutation) = (seed, arguments, mutation)
    }

    /// Returns the exit status.
    func run() -> Int32 {
        var plan = Plan(seed: self.seed)
        if let places = self.arguments.faults { plan.faults = places.map { plan.faults[$0] } }
        if let places = self.arguments.messages { plan.messages = places.map { plan.messages[$0] } }
        return self.tell(plan) ? 0 : 1
    }

    /// Plays a plan with all that happens. Returns whether no rule was broken.
    private func tell(_ plan: Plan, last: Int = .max) -> Bool {
        for line in plan.description { print(line) }
        let outcome = self.simulation.play(plan, mutation: self.mutation, keepsLines: true)
        for line in outcome.lines.suffix(last) { print(line) }
        for violation in outcome.violations { print("breaks \(violation.rule.rawValue): \(violation.text)") }
        print("seed \(plan.seed), \(outcome.events) events, trace \(String(outcome.hash, radix: 16))")
        return outcome.violations.isEmpty
    }

    /// The smallest plan that breaks the same rule, its last steps, and how to play it again.
    func tellSmallest() {
        let plan = Plan(seed: self.seed)
        guard let rule = self.simulation.play(plan, mutation: self.mutation).violations.first?.rule else {
            return print("seed \(self.seed) breaks nothing when it is played again")
        }
        var minimizer = Minimizer(self.simulation, mutation: self.mutation, rule: rule)
        let smallest = minimizer.minimize(plan)
        _ = self.tell(smallest, last: 60)
        let faults = smallest.faults.compactMap { plan.faults.firstIndex(of: $0) }.map(String.init)
        let messages = smallest.messages.map(\.number).map(String.init)
        var command = "make simulate SEED=\(self.seed)"
        if faults.count < plan.faults.count {
            command += " FAULTS=\(faults.isEmpty ? "none" : faults.joined(separator: ","))"
        }
        if messages.count < plan.messages.count {
            command += " MESSAGES=\(messages.isEmpty ? "none" : messages.joined(separator: ","))"
        }
        print("again: \(command)")
    }
}
