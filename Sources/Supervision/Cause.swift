/// Why an attempt ended other than by its own outcome.
public enum Cause: Equatable, Sendable {
    /// The soft wall-time limit passed and the task gave up.
    case softTime(limit: Duration)
    /// The hard wall-time limit passed.
    case hardTime(limit: Duration)
    /// The soft CPU-time limit passed and the task gave up.
    case softCPUTime(limit: Duration)
    /// The hard CPU-time limit passed.
    case hardCPUTime(limit: Duration)
    /// The task was told that it nears its memory limit, and gave up.
    case softMemory(limit: ByteCount)
    /// The attempt's tree used more private memory than allowed.
    case memory(peak: ByteCount, limit: ByteCount)
    /// The kernel killed a process of the attempt at the memory limit of its control group.
    case groupMemory(peak: ByteCount, limit: ByteCount)
    /// The machine or the worker's control group ran out of memory, and this attempt was chosen to give up its own.
    case memoryShortage(used: ByteCount)
    /// The attempt wrote more output than allowed.
    case output(limit: ByteCount)
    /// The attempt had more processes than allowed.
    case processes(count: Int, limit: Int)
    /// The attempt wrote a file beyond its limit, and did not survive that.
    case fileSize(limit: ByteCount)
    /// The attempt could map no more memory (`RLIMIT_DATA`), and did not survive that.
    case dataLimit(limit: ByteCount)
    /// The attempt did nothing at all for so long.
    case stuck(quiet: Duration)
    /// The child exited with this code and no outcome.
    case exited(code: Int32)
    /// The child crashed.
    case crashed(Crash, signal: String)
    /// SIGKILL ended the child, and it was not the worker's.
    case killed
    /// The kernel ended the child at a limit on CPU time (`RLIMIT_CPU`) that the worker did not set.
    case processorLimit
    /// Another signal ended the child.
    case signalled(signal: String)
    /// The child made a system call that its sandbox denies; the name, when it could still tell.
    case sandbox(call: String?)
    /// The child broke the pipe protocol.
    case protocolViolation(String)
    /// An operator ended the attempt.
    case terminated
    /// The template died and took the child with it.
    case templateLost
    /// The worker shut down before the attempt was over.
    case shutdown

    /// A short fixed word, for logs, metrics and the `cause` member of an outcome.
    public var name: String {
        switch self {
        case .softTime: "soft_time"
        case .hardTime: "hard_time"
        case .softCPUTime: "soft_cpu_time"
        case .hardCPUTime: "hard_cpu_time"
        case .softMemory: "soft_memory"
        case .memory, .groupMemory: "memory"
        case .memoryShortage: "memory_shortage"
        case .output: "output"
        case .processes: "processes"
        case .fileSize: "file_size"
        case .dataLimit: "data_limit"
        case .stuck: "stuck"
        case .exited: "exit"
        case .crashed(let crash, _): crash.rawValue
        case .killed: "killed"
        case .processorLimit: "cpu_rlimit"
        case .signalled: "signal"
        case .sandbox: "sandbox"
        case .protocolViolation: "protocol"
        case .terminated: "terminated"
        case .templateLost: "template_lost"
        case .shutdown: "shutdown"
        }
    }

    /// The error type of the outcome. Celery's names where it has one.
    public var errorType: String {
        switch self {
        case .softTime: "SoftTimeLimitExceeded"
        case .hardTime: "TimeLimitExceeded"
        case .softCPUTime: "SoftCPUTimeLimitExceeded"
        case .hardCPUTime: "CPUTimeLimitExceeded"
        case .softMemory: "SoftMemoryLimitExceeded"
        case .memory, .groupMemory, .dataLimit: "MemoryLimitExceeded"
        case .output: "OutputLimitExceeded"
        case .processes: "ProcessLimitExceeded"
        case .fileSize: "FileSizeLimitExceeded"
        case .stuck: "TaskStuck"
        case .sandbox: "SandboxViolation"
        case .exited, .crashed, .killed, .processorLimit, .signalled, .protocolViolation, .templateLost, .shutdown,
            .memoryShortage:
            "WorkerLostError"
        case .terminated: "Terminated"
        }
    }

    /// Whether the child may have left a record of where it was.
    public var isCrash: Bool {
        switch self {
        case .signalled, .sandbox: true
        default: false
        }
    }

    /// Whether the child ended by itself or by a stranger's hand, so that the same message may do it again.
    public var isLoss: Bool {
        switch self {
        case .exited, .crashed, .killed, .processorLimit, .signalled, .protocolViolation, .memoryShortage: true
        case .softTime, .hardTime, .softCPUTime, .hardCPUTime, .softMemory, .memory, .groupMemory, .output, .processes,
            .fileSize, .dataLimit, .stuck, .sandbox, .terminated, .templateLost, .shutdown:
            false
        }
    }
}

extension Cause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .softTime(let limit): "soft time limit of \(limit.unitDescription)"
        case .hardTime(let limit): "hard time limit of \(limit.unitDescription)"
        case .softCPUTime(let limit): "soft CPU time limit of \(limit.unitDescription)"
        case .hardCPUTime(let limit): "hard CPU time limit of \(limit.unitDescription)"
        case .softMemory(let limit): "close to the memory limit of \(limit)"
        case .memory(let peak, let limit): "memory limit of \(limit), \(peak) in use"
        case .groupMemory(let peak, let limit):
            "memory limit of \(limit), kept by the kernel in its control group, \(peak) at its peak"
        case .memoryShortage(let used): "the machine or container ran out of memory, \(used) in use by this attempt"
        case .output(let limit): "output limit of \(limit)"
        case .processes(let count, let limit): "process limit of \(limit), \(count) running"
        case .fileSize(let limit): "file size limit of \(limit)"
        case .dataLimit(let limit): "memory limit of \(limit), no more could be mapped"
        case .stuck(let quiet): "stuck: nothing happened for \(quiet.unitDescription)"
        case .exited(let code): "the child exited with code \(code) and no outcome"
        case .crashed(let crash, let signal): "the child was ended by \(signal) (\(crash.words))"
        case .killed: "the child was ended by SIGKILL, which the worker did not send"
        case .processorLimit: "the child was ended at a CPU time limit that the worker did not set"
        case .signalled(let signal): "the child was ended by \(signal)"
        case .sandbox(let call?): "its sandbox denies the system call \(call)"
        case .sandbox(nil): "its sandbox denies a system call that it made with signals blocked, or in a foreign way"
        case .protocolViolation(let what): "the child broke the pipe protocol: \(what)"
        case .terminated: "terminated by an operator"
        case .templateLost: "the template process died"
        case .shutdown: "the worker shut down"
        }
    }
}
