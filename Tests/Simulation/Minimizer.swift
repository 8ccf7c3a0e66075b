import Supervision

/// Finds a small plan that breaks the same rule: fewer faults first, then fewer messages.
public struct Minimizer {
    private let simulation: Simulation
    private let mutation: Mutation?
    private let rule: Rule
    /// Runs that may still be made.
    private var left = 300

    /// A minimizer for what breaks a rule.
    public init(_ simulation: Simulation, mutation: Mutation?, rule: Rule) {
        (self.simulation, self.mutation, self.rule) = (simulation, mutation, rule)
    }

    /// The smallest plan that was found.
    public mutating func minimize(_ plan: Plan) -> Plan {
        var plan = plan
        plan.faults = self.reduce(plan.faults) { faults in
            var smaller = plan
            smaller.faults = faults
            return smaller
        }
        plan.messages = self.reduce(plan.messages) { messages in
            var smaller = plan
            smaller.messages = messages
            return smaller
        }
        for change in [\Plan.shortWrites, \Plan.splitReplies] where plan[keyPath: change] {
            var simpler = plan
            simpler[keyPath: change] = false
            if self.breaks(simpler) { plan = simpler }
        }
        return plan
    }

    private mutating func breaks(_ plan: Plan) -> Bool {
        guard self.left > 0 else { return false }
        self.left -= 1
        return self.simulation.play(plan, mutation: self.mutation).violations.contains { $0.rule == self.rule }
    }

    /// Delta debugging: leaves out halves, quarters and so on, as long as the rule is still broken without them.
    private mutating func reduce<Element>(_ all: [Element], _ plan: ([Element]) -> Plan) -> [Element] {
        var kept = all
        var size = max(1, kept.count / 2)
        while !kept.isEmpty {
            var start = 0
            var wasReduced = false
            while start < kept.count {
                var fewer = kept
                fewer.removeSubrange(start..<min(start + size, kept.count))
                if self.breaks(plan(fewer)) {
                    kept = fewer
                    wasReduced = true
                } else {
                    start += size
                }
            }
            if size == 1 && !wasReduced { break }
            size = max(1, size / 2)
        }
        return kept
    }
}
