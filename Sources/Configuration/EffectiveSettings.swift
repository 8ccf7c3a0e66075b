import SandboxPolicy
import Supervision

/// What concerns the worker as a whole.
public struct WorkerSettings: Equatable, Sendable {
    /// How severe a log line is, least severe first.
    public enum LogLevel: String, CaseIterable, Sendable {
        /// Every step.
        case trace
        /// What helps to find a fault.
        case debug
        /// What normally happens.
        case info
        /// What an operator may want to know.
        case notice
        /// What may become a fault.
        case warning
        /// What failed.
        case error
        /// What stops the worker.
        case critical
    }

    /// What a log line looks like.
    public enum LogFormat: String, CaseIterable, Sendable {
        /// Text for people.
        case text
        /// A JSON object.
        case json
    }

    /// How long a warm shutdown waits for running tasks before it escalates.
    public let shutdownGrace: Duration
    /// The least severe log lines to write.
    public let logLevel: LogLevel
    /// What a log line looks like.
    public let logFormat: LogFormat
    /// Most bytes of messages that wait in the master's memory.
    public let heldMessages: ByteCount
    /// How long a child may take until it is ready.
    public let bootTimeout: Duration
    /// What control groups keep the limits of attempts.
    public let controlGroups: GroupChoice
    /// Memory that all attempts may be expected to use together; `nil` for four fifths of what there is.
    public let memoryBudget: ByteCount?
    /// Where the worker keeps what other commands read; `nil` for nowhere.
    public let stateDirectory: String?
    /// When children look at what attempts left behind.
    public let leakLedger: LeakLedgerMode
    /// What concerns the broker and the result backend.
    public let broker: BrokerSettings
    /// What concerns remote control and events.
    public let control: ControlSettings
    /// What concerns traces.
    public let traces: TraceSettings
}

/// A pool and its name.
public struct PoolSettings: Equatable, Sendable {
    /// The name that a task's `pool` refers to.
    public let name: String
    /// How many children it has and when it replaces them.
    public let policy: PoolPolicy
    /// What its children may do.
    public let sandbox: SandboxProfile
}

/// Everything that is set for one task.
public struct TaskSettings: Equatable, Sendable {
    /// What one attempt may use.
    public let limits: TaskLimits
    /// When the task runs again.
    public let retry: RetryPolicy
    /// The index of the task's pool in ``Settings/pools``.
    public let pool: Int
    /// Memory that its leaks may take of a child before it is replaced; `nil` replaces none for leaks.
    public internal(set) var leakAllowance: ByteCount?
    /// What concerns its messages.
    public let delivery: DeliverySettings
    /// The program that is the task; `nil` for a task in code.
    public let command: CommandSpec?
}

extension WorkerSettings {
    init(_ layer: Layer) {
        self.shutdownGrace = layer.required(Layer.duration, .shutdownGrace)
        self.logLevel = layer.required(Layer.choice, .logLevel)
        self.logFormat = layer.required(Layer.choice, .logFormat)
        self.heldMessages = layer.required(Layer.size, .heldMessages)
        self.bootTimeout = layer.required(Layer.duration, .bootTimeout)
        self.controlGroups = layer.required(Layer.choice, .controlGroups)
        self.memoryBudget = layer.size(.memoryBudget)
        self.stateDirectory = layer.text(.stateDirectory)
        self.leakLedger = layer.required(Layer.choice, .leakLedger)
        self.broker = BrokerSettings(layer)
        self.control = ControlSettings(layer)
        self.traces = TraceSettings(layer)
    }
}

extension BrokerSettings {
    init(_ layer: Layer) {
        self.url = layer.url(.broker)
        self.resultBackend = layer.url(.resultBackend)
        self.masterName = layer.required(Layer.text, .masterName)
        let order: QueueOrder = layer.required(Layer.choice, .queueOrder)
        self.queueOrder = order
        self.queues = layer.required(Layer.names, .queues).compactMap { text in
            order == .weighted ? WeightedQueue(weighted: text) : WeightedQueue(text)
        }
        self.name = layer.required(Layer.text, .name)
        self.visibilityTimeout = layer.required(Layer.duration, .visibilityTimeout)
        self.workerTimeout = layer.required(Layer.duration, .workerTimeout)
        self.maxDeliveries = layer.required(Layer.count, .maxDeliveries)
        self.resultExpires = layer.required(Layer.duration, .resultExpires)
        self.resultExtended = layer.required(Layer.boolean, .resultExtended)
        self.keyPrefix = layer.text(.keyPrefix) ?? ""
        self.resultKeyPrefix = layer.text(.resultKeyPrefix) ?? ""
        self.signing = SigningSettings(layer)
    }
}

extension DeliverySettings {
    init(_ layer: Layer) {
        self.acknowledgement = layer.required(Layer.choice, .acks)
        self.ignoresResult = layer.required(Layer.boolean, .ignoreResult)
        self.tracksStart = layer.required(Layer.boolean, .trackStarted)
        self.admission = AdmissionSettings(
            rate: layer.rate(.rate), maxConcurrent: layer.count(.maxConcurrent), key: layer.template(.limitKey))
        self.requiresSignature = layer.required(Layer.boolean, .requireSignature)
        self.requiresCertificate = layer.required(Layer.boolean, .requireCertificate)
    }
}

extension PoolPolicy {
    init(_ layer: Layer) {
        self.init()
        self.concurrency = layer.required(Layer.count, .concurrency)
        self.followsProcessors = layer.followsProcessors
        self.maxConcurrency = layer.count(.maxConcurrency)
        self.childConcurrency = layer.required(Layer.count, .childConcurrency)
        self.maxTasksPerChild = layer.count(.maxTasksPerChild)
        self.maxChildAge = layer.duration(.maxChildAge)
        self.maxChildGrowth = layer.size(.maxChildGrowth)
    }
}

extension TaskLimits {
    init(_ layer: Layer) {
        self.init()
        self.softTime = layer.duration(.softTime)
        self.hardTime = layer.duration(.hardTime)
        self.softCPUTime = layer.duration(.softCPUTime)
        self.hardCPUTime = layer.duration(.hardCPUTime)
        self.memory = layer.size(.memory)
        self.cpuPercent = layer.count(.cpuPercent)
        self.openFiles = layer.count(.openFiles)
        self.processes = layer.count(.processes)
        self.fileSize = layer.size(.fileSize)
        self.output = layer.required(Layer.size, .output)
        self.result = layer.required(Layer.size, .result)
        self.stuckAfter = layer.duration(.stuckAfter)
        self.whenStuck = layer.required(Layer.choice, .whenStuck)
    }
}

extension Layer {
    /// What leaks may take of a child.
    var leakAllowance: ByteCount? {
        let policy: RecyclePolicy = self.required(Layer.choice, .recycle)
        return policy == .whenLeaking ? self.size(.leakAllowance) : nil
    }
}

extension RetryPolicy {
    init(_ layer: Layer) {
        self.init()
        self.maxRetries = layer.required(Layer.count, .maxRetries)
        self.automatic = layer.required(Layer.boolean, .automatic)
        self.backoff = layer.required(Layer.duration, .backoff)
        self.maxBackoff = layer.required(Layer.duration, .maxBackoff)
        self.jitter = layer.required(Layer.boolean, .jitter)
        self.maxLosses = layer.required(Layer.count, .maxLosses)
        self.breaker = layer.count(.breaker)
        self.breakerWait = layer.required(Layer.duration, .breakerWait)
    }
}

extension CommandSpec {
    /// `nil` when the layer has no command.
    init?(_ layer: Layer) {
        guard case .command(let arguments) = layer[.command]?.value else { return nil }
        self.arguments = arguments
        self.standardInput = layer.choice(.stdin) ?? .json
        if case .environment(let variables) = layer[.environment]?.value {
            self.environment = variables
        } else {
            self.environment = [:]
        }
        self.workingDirectory = layer.text(.workingDirectory)
    }
}

extension Layer {
    func choice<Choice: RawRepresentable<String>>(_ key: SettingKey) -> Choice? {
        self.text(key).flatMap(Choice.init)
    }

    /// The value of a key that always has one: its default has the right type, and "none" is not among its words.
    func required<Value>(_ value: (Layer) -> (SettingKey) -> Value?, _ key: SettingKey) -> Value {
        guard let value = value(self)(key) else { preconditionFailure("'\(key.name)' has a default.") }
        return value
    }
}
