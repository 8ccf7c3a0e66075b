import Synchronization

/// A clock that goes on only when a test says so: for tasks and helpers that take their clock as an argument.
///
/// Whoever sleeps on it wakes when ``advance(by:)`` reaches their time, in the order of their times. A sleep that is
/// cancelled throws `CancellationError` at once.
public final class ManualClock: Clock, Sendable {
    /// A point in its time.
    public struct Instant: InstantProtocol, Sendable {
        /// Time since the clock was made.
        public let sinceStart: Duration

        /// The point so long after the start.
        public init(sinceStart: Duration) { self.sinceStart = sinceStart }

        public func advanced(by duration: Duration) -> Instant { Instant(sinceStart: self.sinceStart + duration) }
        public func duration(to other: Instant) -> Duration { other.sinceStart - self.sinceStart }
        public static func < (left: Instant, right: Instant) -> Bool { left.sinceStart < right.sinceStart }
    }

    private struct Sleeper {
        let number: Int
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(sinceStart: .zero)
        var lastNumber = 0
        var sleepers: [Sleeper] = []
        /// Sleeps that were cancelled before they began.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// A clock at its start.
    public init() {}

    public var now: Instant { self.state.withLock { $0.now } }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many sleep on it now.
    public var sleepers: Int { self.state.withLock { $0.sleepers.count } }

    /// Goes on by so much and wakes whose time has come.
    public func advance(by duration: Duration) {
        let woken = self.state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in woken.sorted(by: { ($0.deadline, $0.number) < ($1.deadline, $1.number) }) {
            sleeper.continuation.resume()
        }
    }

    /// Waits until so many sleep: what a test does before it goes on with the time.
    public func waitForSleepers(_ count: Int) async {
        while self.sleepers < count { await Task.yield() }
    }

    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let number = self.state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                self.add(Sleeper(number: number, deadline: deadline, continuation: $0))
            }
        } onCancel: {
            self.cancel(number)
        }
    }

    private func add(_ sleeper: Sleeper) {
        enum Answer { case waits, wakes, isCancelled }
        let answer = self.state.withLock { state -> Answer in
            if state.cancelled.remove(sleeper.number) != nil { return .isCancelled }
            if sleeper.deadline <= state.now { return .wakes }
            state.sleepers.append(sleeper)
            return .waits
        }
        switch answer {
        case .waits: break
        case .wakes: sleeper.continuation.resume()
        case .isCancelled: sleeper.continuation.resume(throwing: CancellationError())
        }
    }

    private func cancel(_ number: Int) {
        let sleeper = self.state.withLock { state -> Sleeper? in
            guard let place = state.sleepers.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return nil
            }
            return state.sleepers.remove(at: place)
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
