/// What is known of a child's death beside its wait status.
public struct DeathEvidence: Equatable, Sendable {
    /// What its signal handler found; `nil` when it wrote no record, or one of another signal.
    public var crash: Crash?
    /// CPU time that it used in its life.
    public var cpuTime = Duration.zero
    /// The hard limit on CPU time that the worker itself was started with; `nil` for none.
    public var inheritedCPULimit: Duration?
    /// Resident memory in bytes that it had at its peak over what it was born with.
    public var peakGrowth: UInt64 = 0

    /// Nothing is known.
    public init() {}
}

extension Cause {
    /// What a child's own end says, where no limit of an attempt explains it.
    init(_ exit: ChildExit, _ evidence: DeathEvidence) {
        switch exit {
        case .exited(let code): self = .exited(code: code)
        case .denied(let call): self = .sandbox(call: call)
        case .signalled("SIGXCPU"): self = .processorLimit
        case .signalled("SIGKILL"):
            let limit = evidence.inheritedCPULimit ?? .nanoseconds(Int64.max)
            self = evidence.cpuTime >= limit ? .processorLimit : .killed
        case .signalled(let signal):
            self = evidence.crash.map { .crashed($0, signal: signal) } ?? .signalled(signal: signal)
        }
    }
}

extension ChildMachine {
    /// The limit of a running attempt that a child died of, as far as its end tells.
    func brokenLimit(
        _ exit: ChildExit, _ evidence: DeathEvidence, limits: (Delivery) -> TaskLimits
    ) -> (DeliveryTag, Cause)? {
        if let overrun = self.memoryOverrun(evidence.peakGrowth, limits: limits) { return overrun }
        for assignment in self.assignments where assignment.startedAt != nil {
            let cause = Self.cause(exit, evidence, limits(assignment.delivery), assignment)
            if let cause { return (assignment.delivery.tag, cause) }
        }
        return nil
    }

    private static func cause(
        _ exit: ChildExit, _ evidence: DeathEvidence, _ limits: TaskLimits, _ assignment: Assignment
    ) -> Cause? {
        if exit == .signalled("SIGXFSZ"), let limit = limits.fileSize { return .fileSize(limit: limit) }
        guard let memory = limits.memory else { return nil }
        return evidence.crash == .outOfMemory ? .dataLimit(limit: memory) : nil
    }
}
