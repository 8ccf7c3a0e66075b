import Supervision
import Testing
import WorkerStatus

@Suite struct TaskMeterTests {
    /// One of each case. A new case that is missing here is missing in ``Cause/names`` as well, perhaps: add it to both.
    private static let causes: [Cause] =
        [
            .softTime(limit: .zero), .hardTime(limit: .zero), .softCPUTime(limit: .zero), .hardCPUTime(limit: .zero),
            .softMemory(limit: .mebibytes(1)), .memory(peak: .mebibytes(1), limit: .mebibytes(1)),
            .groupMemory(peak: .mebibytes(1), limit: .mebibytes(1)), .memoryShortage(used: .mebibytes(1)),
            .output(limit: .mebibytes(1)), .processes(count: 2, limit: 1), .fileSize(limit: .mebibytes(1)),
            .dataLimit(limit: .mebibytes(1)), .stuck(quiet: .zero), .exited(code: 1), .killed, .processorLimit,
            .signalled(signal: "SIGUSR2"), .sandbox(call: nil), .protocolViolation("x"), .terminated, .templateLost,
            .shutdown,
        ] + Crash.allCases.map { .crashed($0, signal: "SIGILL") }

    @Test(arguments: causes) func everyCauseHasACounter(_ cause: Cause) {
        let meter = TaskMeter()
        meter.ended(.failure, cause: cause.name)
        #expect(meter.seenEnds == [WorkerSnapshot.End(outcome: "failure", cause: cause.name, count: 1)])
    }

    @Test func namesAreThoseOfCauses() {
        #expect(Set(Cause.names) == Set(Self.causes.map(\.name)))
        #expect(Set(TaskMeter.causes).count == TaskMeter.causes.count)
    }

    @Test func endsAreCountedByOutcomeAndCause() {
        let meter = TaskMeter()
        for _ in 0..<3 { meter.ended(.success) }
        meter.ended(.lost, cause: "memory")
        meter.ended(.failure, cause: "invented by a child")
        meter.ended(.retry)
        #expect(
            meter.seenEnds == [
                WorkerSnapshot.End(outcome: "success", cause: "", count: 3),
                WorkerSnapshot.End(outcome: "failure", cause: "other", count: 1),
                WorkerSnapshot.End(outcome: "retry", cause: "", count: 1),
                WorkerSnapshot.End(outcome: "lost", cause: "memory", count: 1),
            ])
    }

    @Test func bucketsHoldWhatIsNotAboveTheirBounds() {
        var histogram = Histogram(bounds: [10, 20])
        for value: UInt64 in [0, 10, 11, 20, 21, .max] { histogram.add(value) }
        #expect(histogram.counts == [2, 2, 2])
        #expect(histogram.count == 6)
        #expect(histogram.sum == .max, "a sum does not overflow")
    }

    /// A child may claim to have run since the beginning of time.
    @Test func impossibleClaimsAreCut() {
        let meter = TaskMeter()
        for _ in 0..<300 { meter.ran(for: .max, peakMemory: .max) }
        #expect(meter.runTime.counts.last == 300)
        #expect(meter.runTime.sum < .max)
        #expect(meter.highestPeak == 1 << 44)
    }

    @Test func onlyTasksThatDidSomethingHaveMeters() {
        let meters = TaskMeters(tasks: 1_000)
        #expect(meters.used.isEmpty)
        meters[7].ended(.success)
        meters[7].ended(.success)
        meters[3].started(after: 2_000_000)
        #expect(meters.used.map(\.task) == [3, 7])
        #expect(meters[7].seenEnds.first?.count == 2)
        #expect(meters[3].waitTime.counts[2] == 1)
    }

    @Test func oldFailuresGiveWay() {
        var failures = RecentFailures()
        for number in 0..<100 {
            failures.add(
                RecentFailures.Entry(
                    time: Double(number), task: 0, id: "\(number)", runsAgain: false, type: "E",
                    message: String(repeating: "x", count: 10_000)))
            #expect(failures.newestFirst.first?.id == "\(number)")
        }
        #expect(failures.newestFirst.map(\.id) == (68..<100).reversed().map { "\($0)" })
        #expect(failures.newestFirst.allSatisfy { $0.message.utf8.count == 1_024 })
    }
}
