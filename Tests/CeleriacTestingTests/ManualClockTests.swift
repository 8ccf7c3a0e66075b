import CeleriacTesting
import Synchronization
import Testing

/// Time passes when the test says so.
@Suite struct ManualClockTests {
    /// What has happened, in its order.
    private final class Diary: Sendable {
        private let mutex = Mutex<[String]>([])
        var entries: [String] { self.mutex.withLock { $0 } }
        func write(_ entry: String) { self.mutex.withLock { $0.append(entry) } }
    }

    @Test func sleepersWakeWhenTheirTimeHasComeAndNotBefore() async throws {
        let (clock, diary) = (ManualClock(), Diary())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    diary.write("\(seconds)")
                }
            }
            await clock.waitForSleepers(3)
            clock.advance(by: .milliseconds(999))
            #expect(clock.sleepers == 3)
            for seconds in 1...3 {
                clock.advance(by: seconds == 1 ? .milliseconds(1) : .seconds(1))
                while diary.entries.count < seconds { await Task.yield() }
                #expect(diary.entries == (1...seconds).map(String.init))
            }
            try await group.waitForAll()
        }
        #expect(clock.now.sinceStart == .seconds(3))
    }

    @Test func timeThatHasPassedIsNotWaitedFor() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: ManualClock.Instant(sinceStart: .seconds(5)))
        try await clock.sleep(for: .zero)
        #expect(clock.sleepers == 0)
    }

    @Test func cancelledSleepEndsAtOnce() async {
        let clock = ManualClock()
        let task = Task { try await clock.sleep(for: .seconds(1)) }
        await clock.waitForSleepers(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let early = Task {
            while !Task.isCancelled { await Task.yield() }
            try await clock.sleep(for: .seconds(1))
        }
        early.cancel()
        await #expect(throws: CancellationError.self) { try await early.value }
        #expect(clock.sleepers == 0)
    }
}
