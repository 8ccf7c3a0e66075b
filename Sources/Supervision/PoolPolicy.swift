/// How many children a pool has and when it replaces them.
public struct PoolPolicy: Equatable, Sendable {
    /// Children that run tasks at the same time (slots). Celery: `worker_concurrency`.
    public var concurrency = 1
    /// Whether ``concurrency`` is the number of processors, also when that changes.
    public var followsProcessors = false
    /// Most children, when their number follows the work; ``concurrency`` is then the fewest. Celery: `--autoscale`.
    public var maxConcurrency: Int?
    /// Async tasks that one child runs at the same time.
    public var childConcurrency = 1
    /// Tasks after which a child is replaced; a tenth of it is drawn as jitter. Celery: `worker_max_tasks_per_child`.
    public var maxTasksPerChild: Int?
    /// Age after which a child is replaced.
    public var maxChildAge: Duration?
    /// Private memory that a child may retain over its baseline before it is replaced. Celery: `worker_max_memory_per_child`.
    public var maxChildGrowth: ByteCount?

    /// One child, one task at a time, never replaced.
    public init() {}
}
