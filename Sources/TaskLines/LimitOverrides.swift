import JSON
import Supervision

/// What one message changes in the limits of its task.
public struct LimitOverrides: Equatable, Sendable {
    /// What a message says about one limit.
    public enum Override<Value: Equatable & Sendable>: Equatable, Sendable {
        /// Nothing.
        case inherited
        /// `null`: there is no limit.
        case unlimited
        /// Another limit.
        case limited(Value)

        func applied(to limit: Value?) -> Value? {
            switch self {
            case .inherited: limit
            case .unlimited: nil
            case .limited(let value): value
            }
        }
    }

    /// Replaces `TaskLimits.softTime`. Longer than zero.
    public var softTime = Override<Duration>.inherited
    /// Replaces `TaskLimits.hardTime`. Longer than zero.
    public var hardTime = Override<Duration>.inherited
    /// Replaces `TaskLimits.softCPUTime`. Longer than zero.
    public var softCPUTime = Override<Duration>.inherited
    /// Replaces `TaskLimits.hardCPUTime`. Longer than zero.
    public var hardCPUTime = Override<Duration>.inherited
    /// Replaces `TaskLimits.memory`. More than zero.
    public var memory = Override<ByteCount>.inherited
    /// Replaces `TaskLimits.openFiles`.
    public var openFiles = Override<Int>.inherited
    /// Replaces `TaskLimits.processes`.
    public var processes = Override<Int>.inherited
    /// Replaces `TaskLimits.fileSize`.
    public var fileSize = Override<ByteCount>.inherited
    /// Replaces `TaskLimits.output`; `nil` does not.
    public var output: ByteCount?
    /// Replaces `TaskLimits.result`; `nil` does not.
    public var result: ByteCount?

    /// Changes nothing.
    public init() {}

    /// The limits with the changes made. Whether they make sense together is for the caller to check.
    public func applied(to limits: TaskLimits) -> TaskLimits {
        var limits = limits
        limits.softTime = self.softTime.applied(to: limits.softTime)
        limits.hardTime = self.hardTime.applied(to: limits.hardTime)
        limits.softCPUTime = self.softCPUTime.applied(to: limits.softCPUTime)
        limits.hardCPUTime = self.hardCPUTime.applied(to: limits.hardCPUTime)
        limits.memory = self.memory.applied(to: limits.memory)
        limits.openFiles = self.openFiles.applied(to: limits.openFiles)
        limits.processes = self.processes.applied(to: limits.processes)
        limits.fileSize = self.fileSize.applied(to: limits.fileSize)
        limits.output = self.output ?? limits.output
        limits.result = self.result ?? limits.result
        return limits
    }
}

extension LimitOverrides {
    /// Reads the `limits` object of a task line. The keys are those of the configuration.
    init(_ value: FieldValue) throws(TaskLineError) {
        let bytes = try value.bytes(of: .object)
        var reader = try FieldReader(bytes, lineStart: value.lineStart, fields: LimitField.all)
        while let (field, value) = try reader.next() {
            switch field {
            case .softTime: self.softTime = try value.limit(FieldValue.time)
            case .hardTime: self.hardTime = try value.limit(FieldValue.time)
            case .softCPUTime: self.softCPUTime = try value.limit(FieldValue.time)
            case .hardCPUTime: self.hardCPUTime = try value.limit(FieldValue.time)
            case .memory: self.memory = try value.limit(FieldValue.memory)
            case .openFiles: self.openFiles = try value.limit(FieldValue.count)
            case .processes: self.processes = try value.limit(FieldValue.count)
            case .fileSize: self.fileSize = try value.limit(FieldValue.amount)
            case .output: self.output = try value.boundedAmount()
            case .result: self.result = try value.boundedAmount()
            }
        }
    }
}

private enum LimitField: String, CaseIterable {
    case softTime = "soft_time"
    case hardTime = "hard_time"
    case softCPUTime = "soft_cpu_time"
    case hardCPUTime = "hard_cpu_time"
    case memory
    case openFiles = "open_files"
    case processes
    case fileSize = "file_size"
    case output
    case result

    static let all = Array(Self.allCases)
}

extension FieldValue {
    /// What the value says about a limit that may be lifted with `null`.
    fileprivate func limit<Value>(
        _ parse: (FieldValue) -> () throws(TaskLineError) -> Value
    ) throws(TaskLineError) -> LimitOverrides.Override<Value> {
        self.isNull ? .unlimited : .limited(try parse(self)())
    }

    fileprivate func time() throws(TaskLineError) -> Duration {
        let time = try self.parsed(Duration.init(parsing:))
        guard time > .zero else { throw self.problem("must be longer than zero") }
        return time
    }

    fileprivate func amount() throws(TaskLineError) -> ByteCount { try self.parsed(ByteCount.init(parsing:)) }

    fileprivate func memory() throws(TaskLineError) -> ByteCount {
        let amount = try self.amount()
        guard amount.bytes > 0 else { throw self.problem("must be more than zero") }
        return amount
    }

    fileprivate func count() throws(TaskLineError) -> Int { try self.integer(in: 0...Int.max) }

    fileprivate func boundedAmount() throws(TaskLineError) -> ByteCount {
        if self.isNull { throw self.problem("cannot be unlimited") }
        return try self.amount()
    }
}
