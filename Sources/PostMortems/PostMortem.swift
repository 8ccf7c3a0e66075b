import JSON
import Supervision

/// What is known of an attempt that ended abnormally: its death certificate.
///
/// Says what the outcome of the task does not: the limits that were in force, what the attempt used, what it did last.
/// Error, backtrace, run time and last output stand in the outcome beside it.
public struct PostMortem: Equatable, Sendable {
    /// Why it ended; `nil` for a failure that the task reported, of which only ``hints`` say more.
    public var cause: Cause?
    /// The trace that it belonged to; `nil` for none.
    public var traceID: String?
    /// How its child ended: `SIGKILL by the worker`, `exit code 3`; `nil` while it lives.
    public var exit: String?
    /// What it had been told before.
    public var notice: Notice?
    /// Children that the message had lost before, so that this attempt ran alone.
    public var losses = 0
    /// The limits in force.
    public var limits = TaskLimits()
    /// What it used.
    public var usage = Usage()
    /// Where in its work it was.
    public var phase: String?
    /// What it noted last, oldest first.
    public var breadcrumbs: [Breadcrumb] = []
    /// How many notes were overwritten by later ones.
    public var lostBreadcrumbs = 0
    /// The processes of its tree, as they were when they were looked at.
    public var processes: [ProcessState] = []
    /// Stacks of its threads from that time, innermost frame first, each below the name of its thread.
    public var stack: [String] = []
    /// What may help to find the reason.
    public var hints: [String] = []

    /// What an attempt used at its peak.
    public struct Usage: Equatable, Sendable {
        /// Private memory over a fresh child's, descendants included, as measured while it ran.
        public var memory: ByteCount?
        /// Resident memory of its child over a fresh one's.
        public var resident: ByteCount?
        /// Output.
        public var output = ByteCount(bytes: 0)
        /// CPU time of its child's whole life.
        public var childCPU: Duration?

        /// Nothing.
        public init() {}
    }

    /// A note that a task left on its way.
    public struct Breadcrumb: Equatable, Sendable {
        /// When, counted from the start of the attempt.
        public var time: Duration
        /// What it says.
        public var text: String

        /// A note.
        public init(time: Duration, text: String) {
            self.time = time
            self.text = text
        }
    }

    /// What the kernel tells of a process.
    public struct ProcessState: Equatable, Sendable {
        /// The process.
        public var pid: Int32
        /// Its name.
        public var name: String
        /// Its state: `sleeping`, `stopped`.
        public var state: String
        /// The system call that it waits in, and the kernel's function, as far as they are known.
        public var wait: String?

        /// A process.
        public init(pid: Int32, name: String, state: String, wait: String?) {
            self.pid = pid
            self.name = name
            self.state = state
            self.wait = wait
        }
    }

    /// A certificate that says nothing yet.
    public init(cause: Cause?) { self.cause = cause }
}
