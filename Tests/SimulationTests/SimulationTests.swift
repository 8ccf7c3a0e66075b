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

    /// Each is in the list of bugs in `docs/reliability.md`.
    @Test(arguments: [UInt64(63), 216, 1063]) func seedsThatFoundSomething(seed: UInt64) {
        #expect(Simulation().play(Plan(seed: seed)).violations.map(\.text) == [], "make simulate SEED=\(seed)")
    }

    /// Bugs that the first hundred seeds find; the one that takes more is looked for by `simulate --mutations`.
    @Test(arguments: Mutation.allCases.filter { $0 != .forgottenTooEarly })
    func plantedBugsAreFound(mutation: Mutation) {
        let isFound = (1...100 as ClosedRange<UInt64>).contains { seed in
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

    private func play(
        _ faults: [Fault], workerTimeout: Duration, mutation: Mutation? = nil, _ change: (inout PlannedMessage) -> Void
    ) -> Simulation.Outcome {
        var plan = Plan(seed: 1)
        (plan.workers, plan.workerTimeout, plan.visibilityTimeout) = (2, workerTimeout, .seconds(3_600))
        plan.storm = .seconds(20)
        var message = PlannedMessage(number: 0, at: .seconds(2))
        change(&message)
        (plan.messages, plan.faults) = ([message], faults)
        return Simulation().play(plan, mutation: mutation, keepsLines: true)
    }

    /// Its delivery is back, under a tag of a worker that lives and had forgotten it: once it stayed there for an hour.
    @Test func anEndingThatTheNextServerHasNotHeardOfIsMadeAgain() {
        let fault = Fault(at: .seconds(3), kind: .failOver(behind: .seconds(2), .milliseconds(200)))
        func change(_ message: inout PlannedMessage) { message.runs = .seconds(2) }
        let outcome = self.play([fault], workerTimeout: .seconds(10), change)
        #expect(outcome.violations.map(\.text) == [])
        #expect(outcome.lines.count { $0.contains("accepted") } == 2)
        #expect(!self.play([fault], workerTimeout: .seconds(10), mutation: .neverLookedBack, change).violations.isEmpty)
    }

    /// Its signs of life were refused until others had forgotten it; then it took a message and died, and nobody knew.
    @Test func whoTakesWhileItsSignOfLifeIsRefusedIsLookedFor() {
        let faults = [
            Fault(at: .seconds(1), kind: .refuse(.diskFull, .seconds(12))),
            Fault(at: .seconds(13), kind: .killWorker(1, acts: 0)),
        ]
        func change(_ message: inout PlannedMessage) {
            (message.work, message.runs) = (.killWorker(times: 1), .milliseconds(1))
        }
        #expect(self.play(faults, workerTimeout: .seconds(3), change).violations.map(\.text) == [])
        #expect(!self.play(faults, workerTimeout: .seconds(3), mutation: .unseenTake, change).violations.isEmpty)
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
