import ControlGroups
import SandboxPolicy
import Supervision
import Syscalls
import Traces
import WorkerStatus

/// What the master must know beyond its broker.
public struct MasterSettings {
    /// Pools by index, the default pool first.
    public var pools: [PoolPolicy]
    /// Names of the pools, for the log.
    public var poolNames: [String]
    /// What the children of each pool may do, by the pool's index.
    public var sandboxes: [SandboxProfile]
    /// Profiles of the tasks by index.
    public var tasks: [TaskProfile]
    /// Names of the tasks by index.
    public var taskNames: [String]
    /// Time that running tasks have in a warm shutdown.
    public var grace: Duration
    /// Time that a template or child has to become ready.
    public var bootTimeout: Duration
    /// How to start a template: the program, its arguments and environment. Its control socket becomes descriptor 3,
    /// what ``templateInput`` opens becomes descriptor 4, and the pages for its children's breadcrumbs descriptor 5.
    public var template: SpawnRequest
    /// What a template reads from descriptor 4: the configuration, in a form that the program knows.
    public var templateInput: [UInt8]
    /// Memory that attempts may be expected to add together; `nil` for four fifths of what there is.
    public var memoryBudget: ByteCount?
    /// The control groups that keep the limits of attempts.
    public var groups = ControlGroups(bare: "not asked for")

    /// Which attempts have spans; by default none.
    public var spans = SpanPolicy(ratio: nil)
    /// The worker's name in its spans.
    public var nodeName = ""
    /// Counts what becomes of each task.
    public var meters: TaskMeters

    /// Everything the master needs.
    public init(
        pools: [PoolPolicy], poolNames: [String], sandboxes: [SandboxProfile], tasks: [TaskProfile],
        taskNames: [String], grace: Duration,
        bootTimeout: Duration, template: SpawnRequest, templateInput: [UInt8]
    ) {
        self.pools = pools
        self.poolNames = poolNames
        self.sandboxes = sandboxes
        self.tasks = tasks
        self.taskNames = taskNames
        self.meters = TaskMeters(tasks: taskNames.count)
        self.grace = grace
        self.bootTimeout = bootTimeout
        self.template = template
        self.templateInput = templateInput
    }
}
