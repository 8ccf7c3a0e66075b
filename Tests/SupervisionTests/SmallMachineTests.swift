import Testing

@testable import Supervision

@Suite struct BackoffTests {
    @Test func waitsDoubleUpToTheLongest() {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        let waits = (0..<6).map { _ in backoff.failed() }
        #expect(
            waits == [
                .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800), .seconds(1),
                .seconds(1),
            ])
        #expect(backoff.failures == 6)
        backoff.succeeded()
        #expect(backoff.failed() == .milliseconds(100))
    }

    @Test(arguments: [-1, 0, 1, 39, 40, 41, 63, 64, 1_000, Int.max])
    func noNumberOfFailuresOverflows(failures: Int) {
        let year = Duration.seconds(365 * 86_400)
        #expect(Backoff.wait(first: year, longest: year * 292, failures: failures) <= year * 292)
        #expect(Backoff.wait(first: .zero, longest: year, failures: failures) == .zero)
        #expect(Backoff.wait(first: year * 2, longest: year, failures: failures) == year)
    }
}

@Suite struct SeededGeneratorTests {
    @Test func theSameSeedGivesTheSameNumbers() {
        var one = SeededGenerator(seed: 7)
        var two = SeededGenerator(seed: 7)
        var other = SeededGenerator(seed: 8)
        let numbers = (0..<16).map { _ in one.next() }
        #expect(numbers == (0..<16).map { _ in two.next() })
        #expect(numbers != (0..<16).map { _ in other.next() })
        #expect(Set(numbers).count == 16)
    }
}

@Suite struct InstantTests {
    @Test func arithmeticStaysInRange() {
        let now = Instant(nanoseconds: 5)
        #expect(now + .nanoseconds(-9) == now)
        #expect(now + .seconds(Int64.max) == .distantFuture)
        #expect(Instant.distantFuture + .nanoseconds(1) == .distantFuture)
        #expect(now - Instant(nanoseconds: 9) == .zero)
        #expect(Instant.distantFuture - now == .nanoseconds(Int64.max))
        #expect((Instant(nanoseconds: 9) - now) == .nanoseconds(4))
    }
}

@Suite struct DeliveryTests {
    @Test func attemptsAreCountedFromOneWithoutOverflow() {
        #expect(Delivery(tag: DeliveryTag(1), task: 0).attempt == 1)
        #expect(Delivery(tag: DeliveryTag(1), task: 0, retries: 2, losses: 1).attempt == 4)
        #expect(Delivery(tag: DeliveryTag(1), task: 0, retries: .max).attempt == .max)
        #expect(Delivery(tag: DeliveryTag(1), task: 0, retries: .max, losses: .max).attempt == .max)
    }
}

@Suite struct TaskStatisticsTests {
    @Test func aTaskMayQueueOnceItIsKnownToBeQuickAndSilent() {
        var statistics = TaskStatistics()
        for run in 0..<8 {
            #expect(!statistics.mayQueue, "after \(run) runs")
            statistics.ran(for: 1_000)
        }
        #expect(statistics.mayQueue)
        statistics.writesOutput = true
        #expect(!statistics.mayQueue)
    }

    @Test func recentRunsWeighMore() {
        var statistics = TaskStatistics()
        for _ in 0..<100 { statistics.ran(for: 1_000) }
        #expect(statistics.meanRunTime == 1_000)
        for _ in 0..<16 { statistics.ran(for: 100_000_000) }
        #expect(statistics.meanRunTime > 50_000_000)
        #expect(!statistics.mayQueue)
    }

    @Test func noClaimedRunTimeOverflowsASumOverAChildsTasks() {
        var statistics = TaskStatistics()
        for _ in 0..<100 { statistics.ran(for: .max) }
        #expect(!statistics.meanRunTime.multipliedReportingOverflow(by: 1 << 19).overflow)
    }
}

@Suite struct ShutdownLadderTests {
    static let start = Instant(nanoseconds: 0)

    @Test(
        arguments: [ShutdownStage.running, .warm, .cold, .hard], [ShutdownStage.running, .warm, .cold, .hard]
    )
    func stagesOnlyGoUp(from: ShutdownStage, to: ShutdownStage) {
        var ladder = ShutdownLadder(grace: .seconds(30))
        _ = ladder.raise(to: from, now: Self.start)
        #expect(ladder.raise(to: to, now: Self.start) == (to > from))
        #expect(ladder.stage == max(from, to))
    }

    @Test func eachStageTakesTheNextStepWhenItsTimeIsOver() {
        var ladder = ShutdownLadder(grace: .seconds(30), coldGrace: .seconds(5))
        #expect(ladder.nextStep == .distantFuture)
        #expect(ladder.timePassed(now: Self.start + .seconds(1_000)) == false)
        #expect(ladder.raise(to: .warm, now: Self.start) == true)
        #expect(ladder.nextStep == Self.start + .seconds(30))
        #expect(ladder.timePassed(now: Self.start + .seconds(29)) == false)
        #expect(ladder.timePassed(now: Self.start + .seconds(30)) == true)
        #expect(ladder.stage == .cold)
        #expect(ladder.nextStep == Self.start + .seconds(35))
        #expect(ladder.timePassed(now: Self.start + .seconds(36)) == true)
        #expect(ladder.stage == .hard)
        #expect(ladder.nextStep == .distantFuture)
        #expect(ladder.timePassed(now: Self.start + .seconds(1_000)) == false)
    }

    @Test func anEndlessGraceNeverEnds() {
        var ladder = ShutdownLadder(grace: .seconds(Int64.max))
        #expect(ladder.raise(to: .warm, now: Self.start) == true)
        #expect(ladder.nextStep == .distantFuture)
    }
}

@Suite struct CauseTests {
    static let causes: [(Cause, String, String, isLoss: Bool)] = [
        (.softTime(limit: .seconds(1)), "soft_time", "SoftTimeLimitExceeded", false),
        (.hardTime(limit: .seconds(1)), "hard_time", "TimeLimitExceeded", false),
        (.softCPUTime(limit: .seconds(1)), "soft_cpu_time", "SoftCPUTimeLimitExceeded", false),
        (.hardCPUTime(limit: .seconds(1)), "hard_cpu_time", "CPUTimeLimitExceeded", false),
        (.softMemory(limit: .mebibytes(1)), "soft_memory", "SoftMemoryLimitExceeded", false),
        (.memory(peak: .mebibytes(2), limit: .mebibytes(1)), "memory", "MemoryLimitExceeded", false),
        (.groupMemory(peak: .mebibytes(1), limit: .mebibytes(1)), "memory", "MemoryLimitExceeded", false),
        (.memoryShortage(used: .mebibytes(1)), "memory_shortage", "WorkerLostError", true),
        (.output(limit: .kibibytes(1)), "output", "OutputLimitExceeded", false),
        (.processes(count: 3, limit: 2), "processes", "ProcessLimitExceeded", false),
        (.exited(code: 3), "exit", "WorkerLostError", true),
        (.signalled(signal: "SIGTERM"), "signal", "WorkerLostError", true),
        (.killed, "killed", "WorkerLostError", true),
        (.processorLimit, "cpu_rlimit", "WorkerLostError", true),
        (.sandbox(call: "ptrace"), "sandbox", "SandboxViolation", false),
        (.fileSize(limit: .kibibytes(1)), "file_size", "FileSizeLimitExceeded", false),
        (.dataLimit(limit: .mebibytes(1)), "data_limit", "MemoryLimitExceeded", false),
        (.stuck(quiet: .seconds(1)), "stuck", "TaskStuck", false),
        (.crashed(.trap, signal: "SIGILL"), "trap", "WorkerLostError", true),
        (.crashed(.stackOverflow, signal: "SIGSEGV"), "stack_overflow", "WorkerLostError", true),
        (.protocolViolation("x"), "protocol", "WorkerLostError", true),
        (.terminated, "terminated", "Terminated", false),
        (.templateLost, "template_lost", "WorkerLostError", false),
        (.shutdown, "shutdown", "WorkerLostError", false),
    ]

    @Test(arguments: Self.causes)
    func everyCauseHasItsWords(_ cause: Cause, _ name: String, _ type: String, isLoss: Bool) {
        #expect(cause.name == name)
        #expect(cause.errorType == type)
        #expect(cause.isLoss == isLoss)
        #expect(!"\(cause)".isEmpty)
    }

    @Test func causesNameTheirFigures() {
        #expect("\(Cause.memory(peak: .mebibytes(65), limit: .mebibytes(64)))" == "memory limit of 64MiB, 65MiB in use")
        #expect("\(Cause.hardTime(limit: .seconds(90)))" == "hard time limit of 1m30s")
    }
}

@Suite struct ByteCountTests {
    @Test(arguments: [
        (0, "0B"), (1, "1B"), (1_024, "1KiB"), (1_536, "1536B"), (64 << 20, "64MiB"), (3 << 30, "3GiB"),
        (1 << 40, "1024GiB"),
    ])
    func amountsAreWrittenInTheLargestWholeUnit(bytes: Int, text: String) {
        #expect(ByteCount(bytes: bytes).description == text)
    }
}
