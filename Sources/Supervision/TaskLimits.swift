/// What one attempt of a task may use. `nil` sets no limit.
public struct TaskLimits: Equatable, Sendable {
    /// Wall time after which the task is told to stop. Celery: `task_soft_time_limit`.
    public var softTime: Duration?
    /// Wall time after which the attempt's whole process tree is killed. Celery: `task_time_limit`.
    public var hardTime: Duration?
    /// CPU time after which the task is told to stop.
    public var softCPUTime: Duration?
    /// CPU time after which the attempt's whole process tree is killed.
    public var hardCPUTime: Duration?
    /// Private memory that the attempt may add to its child's baseline before its tree is killed.
    public var memory: ByteCount?
    /// CPU time for each unit of time, in percent of one processor, for the whole tree. Control groups keep it.
    public var cpuPercent: Int?
    /// Open descriptors (`RLIMIT_NOFILE`).
    public var openFiles: Int?
    /// Processes that the attempt may have at once, its child not counted.
    public var processes: Int?
    /// Largest file that the attempt may write (`RLIMIT_FSIZE`).
    public var fileSize: ByteCount?
    /// Bytes that the attempt may write to standard output and standard error together.
    public var output: ByteCount
    /// Largest encoded result.
    public var result: ByteCount

    /// Time in which nothing at all happens before the attempt counts as stuck.
    public var stuckAfter: Duration?
    /// What becomes of it then.
    public var whenStuck = StuckPolicy.warn

    /// No limits but the bounds that the master needs: 16 MiB of output, 64 MiB of result.
    public init() {
        self.output = .mebibytes(16)
        self.result = .mebibytes(64)
    }
}
