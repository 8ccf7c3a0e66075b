import Simulation
import Supervision
import Testing

@Suite struct SimulationTests {
    /// `make simulate` plays ten thousand in a release build.
    @Test(arguments: 0..<4) func noSeedBreaksARule(part: UInt64) {
        let simulation = Simulation()
        for seed in (part * 15 + 1)...(part * 15 + 15) {
            let outcome = simulation.play(Plan(seed: seed))
            #expect(outcome.violations.map(\.text) == [], "make simulate SEED=\(seed)")
        }
    }

    /// Bugs that the first three hundred seeds find; those that take more are looked for by `simulate --mutations`.
    @Test(arguments: Mutation.allCases.filter { ![.forgottenTooEarly, .lostTakeForgotten, .pipeDropped].contains($0) })
    func plantedBugsAreFound(mutation: Mutation) {
        let isFound = (1...300 as ClosedRange<UInt64>).contains { seed in
            !Simulation().play(Plan(seed: seed), mutation: mutation).violations.isEmpty
        }
        #expect(isFound)
    }

    @Test(arguments: [UInt64(5), 9]) func theSameSeedIsTheSameRun(seed: UInt64) {
        let runs = (0..<2).map { _ in Simulation().play(Plan(seed: seed), keepsLines: true) }
        #expect(runs[0].hash == runs[1].hash)
        #expect(runs[0].events > 100)
        #expect(runs[0].lines.filter { $0.contains("accepted") } == runs[1].lines.filter { $0.contains("accepted") })
    }

    /// A worker whose clock is a day behind once handed a message that is not due to and fro without a pause.
    @Test func aClockThatIsBehindKeepsNobodyBusy() {
        var plan = Plan(seed: 1)
        var message = PlannedMessage(number: 0, at: .seconds(2))
        message.countdown = 1.5
        plan.messages = [message]
        plan.faults = [Fault(at: .seconds(1), kind: .jump(0, seconds: -86_400))]
        let outcome = Simulation().play(plan, keepsLines: true)
        #expect(outcome.violations.map(\.text) == [])
        let starts = outcome.lines.filter { $0.contains("accepted") }
        #expect(starts.count == 1)
        let seconds = starts.first.flatMap { Double($0.prefix { $0 != " " }) } ?? 0
        #expect(3.5...3.7 ~= seconds, "\(starts)")
    }
}
