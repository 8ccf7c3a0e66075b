import Supervision

/// What a program says about a task when it registers it.
///
/// `nil` leaves a value to the configuration's `[limits]` and `[retry]`. The `[tasks]` sections of the file
/// go over what is said here.
///
/// ```swift
/// TaskOptions(hardTime: .seconds(30), memory: .mebibytes(512), maxRetries: 5, pool: "heavy")
/// ```
public struct TaskOptions: Hashable, Sendable {
    /// Wall time after which the task is told to stop.
    public var softTime: Bound<Duration>?
    /// Wall time after which the attempt's whole process tree is killed.
    public var hardTime: Bound<Duration>?
    /// CPU time after which the task is told to stop.
    public var softCPUTime: Bound<Duration>?
    /// CPU time after which the attempt's whole process tree is killed.
    public var hardCPUTime: Bound<Duration>?
    /// CPU that the attempt's process tree gets at most, in percent of one processor.
    public var cpuPercent: Bound<Int>?
    /// Private memory that the attempt may add to its child's baseline before its process tree is killed.
    public var memory: Bound<ByteCount>?
    /// Descriptors that the attempt may have open.
    public var openFiles: Bound<Int>?
    /// Processes that the attempt may have at once, its child not counted.
    public var processes: Bound<Int>?
    /// Largest file that the attempt may write.
    public var fileSize: Bound<ByteCount>?
    /// Bytes that the attempt may write to standard output and standard error together.
    public var output: ByteCount?
    /// Largest encoded result.
    public var result: ByteCount?
    /// Time in which nothing at all happens in the attempt's process tree before it counts as stuck.
    public var stuckAfter: Bound<Duration>?
    /// What becomes of a stuck attempt.
    public var whenStuck: StuckPolicy?
    /// Retries after the first attempt; 0 never retries.
    public var maxRetries: Int?
    /// Whether an error that the task threw is retried without the task asking for it.
    public var automaticRetry: Bool?
    /// Wait before the first retry; doubles with each further one.
    public var backoff: Duration?
    /// Longest wait between two attempts.
    public var maxBackoff: Duration?
    /// Whether each wait is drawn at random between half of it and all of it.
    public var jitter: Bool?
    /// Children that the task may lose before it fails for good.
    public var maxLosses: Int?
    /// Children that a task may lose, each weighed against four other ends, before its messages have to wait.
    public var breaker: Bound<Int>?
    /// How long they wait the first time.
    public var breakerWait: Duration?
    /// The pool whose children run the task.
    public var pool: String?
    /// The sandbox profile of the children that run the task.
    public var sandbox: String?
    /// Most starts in a time over all workers, in Celery's grammar: `"100/s"`, `"10/m"`.
    public var rate: Bound<Rate>?
    /// Most attempts at the same time over all workers.
    public var maxConcurrent: Bound<Int>?
    /// What the two limits above are for: each text that this makes of the arguments, by itself: `"{args[0]}"`.
    public var limitKey: LimitKey?
    /// Whether a message is acknowledged after its task or before it.
    public var acks: Acknowledgement?
    /// Whether results are not stored, unless the message says otherwise.
    public var ignoreResult: Bool?
    /// Whether the state STARTED is stored.
    public var trackStarted: Bool?
    /// Whether only messages are run that a known key has signed.
    public var requireSignature: Bool?
    /// Whether only bodies are run that Celery has signed with a known certificate.
    public var requireCertificate: Bool?
    /// Whether a child is replaced when the task was found leaking.
    public var recycle: RecyclePolicy?
    /// Memory that its leaks may take of a child before that.
    public var leakAllowance: ByteCount?

    /// Options that set what is given and leave the rest to the configuration.
    public init(
        softTime: Bound<Duration>? = nil,
        hardTime: Bound<Duration>? = nil,
        softCPUTime: Bound<Duration>? = nil,
        hardCPUTime: Bound<Duration>? = nil,
        cpuPercent: Bound<Int>? = nil,
        memory: Bound<ByteCount>? = nil,
        openFiles: Bound<Int>? = nil,
        processes: Bound<Int>? = nil,
        fileSize: Bound<ByteCount>? = nil,
        output: ByteCount? = nil,
        result: ByteCount? = nil,
        stuckAfter: Bound<Duration>? = nil,
        whenStuck: StuckPolicy? = nil,
        maxRetries: Int? = nil,
        automaticRetry: Bool? = nil,
        backoff: Duration? = nil,
        maxBackoff: Duration? = nil,
        jitter: Bool? = nil,
        maxLosses: Int? = nil,
        breaker: Bound<Int>? = nil,
        breakerWait: Duration? = nil,
        pool: String? = nil,
        sandbox: String? = nil,
        rate: Bound<Rate>? = nil,
        maxConcurrent: Bound<Int>? = nil,
        limitKey: LimitKey? = nil,
        acks: Acknowledgement? = nil,
        ignoreResult: Bool? = nil,
        trackStarted: Bool? = nil,
        requireSignature: Bool? = nil,
        requireCertificate: Bool? = nil
    ) {
        self.softTime = softTime
        self.hardTime = hardTime
        self.softCPUTime = softCPUTime
        self.hardCPUTime = hardCPUTime
        self.cpuPercent = cpuPercent
        self.memory = memory
        self.openFiles = openFiles
        self.processes = processes
        self.fileSize = fileSize
        self.output = output
        self.result = result
        self.stuckAfter = stuckAfter
        self.whenStuck = whenStuck
        self.maxRetries = maxRetries
        self.automaticRetry = automaticRetry
        self.backoff = backoff
        self.maxBackoff = maxBackoff
        self.jitter = jitter
        self.maxLosses = maxLosses
        self.breaker = breaker
        self.breakerWait = breakerWait
        self.pool = pool
        self.sandbox = sandbox
        self.rate = rate
        self.maxConcurrent = maxConcurrent
        self.limitKey = limitKey
        self.acks = acks
        self.ignoreResult = ignoreResult
        self.trackStarted = trackStarted
        self.requireSignature = requireSignature
        self.requireCertificate = requireCertificate
    }
}

extension TaskOptions {
    /// What the options set, by key.
    var values: [(key: SettingKey, value: SettingValue)] {
        let values: [(SettingKey, SettingValue?)] = [
            (.softTime, self.softTime?.setting(SettingValue.duration)),
            (.hardTime, self.hardTime?.setting(SettingValue.duration)),
            (.softCPUTime, self.softCPUTime?.setting(SettingValue.duration)),
            (.hardCPUTime, self.hardCPUTime?.setting(SettingValue.duration)),
            (.cpuPercent, self.cpuPercent?.setting(SettingValue.count)),
            (.memory, self.memory?.setting(SettingValue.size)),
            (.openFiles, self.openFiles?.setting(SettingValue.count)),
            (.processes, self.processes?.setting(SettingValue.count)),
            (.fileSize, self.fileSize?.setting(SettingValue.size)),
            (.output, self.output.map(SettingValue.size)),
            (.result, self.result.map(SettingValue.size)),
            (.stuckAfter, self.stuckAfter?.setting(SettingValue.duration)),
            (.whenStuck, self.whenStuck.map { SettingValue.text($0.rawValue) }),
            (.maxRetries, self.maxRetries.map(SettingValue.count)),
            (.automatic, self.automaticRetry.map(SettingValue.boolean)),
            (.backoff, self.backoff.map(SettingValue.duration)),
            (.maxBackoff, self.maxBackoff.map(SettingValue.duration)),
            (.jitter, self.jitter.map(SettingValue.boolean)),
            (.maxLosses, self.maxLosses.map(SettingValue.count)),
            (.breaker, self.breaker?.setting(SettingValue.count)),
            (.breakerWait, self.breakerWait.map(SettingValue.duration)),
            (.pool, self.pool.map(SettingValue.text)),
            (.sandbox, self.sandbox.map(SettingValue.text)),
            (.rate, self.rate?.setting(SettingValue.rate)),
            (.maxConcurrent, self.maxConcurrent?.setting(SettingValue.count)),
            (.limitKey, self.limitKey.map { SettingValue.argument($0.template) }),
            (.acks, self.acks.map { SettingValue.text($0.rawValue) }),
            (.ignoreResult, self.ignoreResult.map(SettingValue.boolean)),
            (.trackStarted, self.trackStarted.map(SettingValue.boolean)),
            (.requireSignature, self.requireSignature.map(SettingValue.boolean)),
            (.requireCertificate, self.requireCertificate.map(SettingValue.boolean)),
            (.recycle, self.recycle.map { SettingValue.text($0.rawValue) }),
            (.leakAllowance, self.leakAllowance.map(SettingValue.size)),
        ]
        return values.compactMap { key, value in value.map { (key, $0) } }
    }
}
