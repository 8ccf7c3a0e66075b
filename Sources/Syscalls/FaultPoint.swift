#if DEBUG
    import Glibc
#endif

/// Where a test may end or stop the master: the steps of a message's life, in its order.
///
/// Only debug builds look: `CELERIAC_INTERNAL_FAULT=settleSent:3:kill` ends the process when it reaches that step for
/// the third time. The actions are `kill` (SIGKILL), `stop` (SIGSTOP) and `exit` (status 70). In a release build the
/// calls are empty.
public enum FaultPoint: CaseIterable, Sendable {
    /// A take has been written to the server.
    case takeSent
    /// A take's answer is there, and none of its messages has been looked at.
    case takeAnswered
    /// What a lost take brought is there, and has not been looked at.
    case adopted
    /// A message that is not due is about to be put aside.
    case putAside
    /// An early acknowledgement waits to be sent.
    case earlyQueued
    /// An early acknowledgement is answered, and its task not begun.
    case earlyAnswered
    /// An order waits to be written to its child.
    case assigned
    /// A child has begun a task.
    case accepted
    /// An outcome has been read.
    case outcomeSeen
    /// A retry has been asked for.
    case retried
    /// The end of a delivery waits to be sent.
    case settleQueued
    /// Ends of deliveries have been written to the server.
    case settleSent
    /// Ends of deliveries are answered, and nothing has been forgotten.
    case settleAnswered
    /// Leases are about to be renewed.
    case renewed
    /// A template has reaped a child and not told its master. The template is what ends.
    case childReaped
    /// A worker has been found dead.
    case deadWorkerFound
    /// A dead worker's message waits to be put back.
    case recoveryQueued
    /// What a dead worker held has been put back.
    case recoveryAnswered

    /// The process is at a step.
    @inlinable @inline(__always)
    public static func reached(_ step: FaultPoint) {
        #if DEBUG
            FaultPlan.reached(step)
        #endif
    }

    /// The process is at a step once what it has queued is written: see ``written()``.
    @inlinable @inline(__always)
    public static func willReach(_ step: FaultPoint) {
        #if DEBUG
            FaultPlan.willReach(step)
        #endif
    }

    /// What was queued is written.
    @inlinable @inline(__always)
    public static func written() {
        #if DEBUG
            FaultPlan.written()
        #endif
    }
}

#if DEBUG
    /// What the environment asks for. The master has one thread.
    public enum FaultPlan {
        private struct Plan {
            let step: String
            var left: Int
            let action: String

            init?(_ text: String) {
                let parts = text.split(separator: ":")
                guard parts.count == 3, let count = Int(parts[1]) else { return nil }
                (self.step, self.left, self.action) = (String(parts[0]), count, String(parts[2]))
            }
        }

        nonisolated(unsafe) private static var plan: Plan? = {
            guard let text = getenv("CELERIAC_INTERNAL_FAULT") else { return nil }
            return Plan(String(cString: text))
        }()
        nonisolated(unsafe) private static var awaited: [FaultPoint] = []

        /// Nothing is kept without a plan: a process may then have several brokers, each with a thread of its own.
        public static func willReach(_ step: FaultPoint) {
            if self.plan != nil { self.awaited.append(step) }
        }

        public static func reached(_ step: FaultPoint) {
            guard let plan, plan.step == "\(step)" else { return }
            self.plan!.left -= 1
            if plan.left == 1 { self.perform(plan.action) }
        }

        public static func written() {
            guard self.plan != nil, !self.awaited.isEmpty else { return }
            let steps = self.awaited
            self.awaited = []
            for step in steps { self.reached(step) }
        }

        private static func perform(_ action: String) {
            switch action {
            case "kill": raise(SIGKILL)
            case "stop": raise(SIGSTOP)
            default: _exit(70)
            }
        }
    }
#endif
