/// The longest payload accepted for each kind of frame.
///
/// A decoder checks a claimed length before it keeps a byte of the payload, so a child cannot make the master
/// allocate by lying (invariant I17).
public struct FrameLimits: Equatable, Sendable {
    /// Longest task message, name, id and headers included.
    public var task: Int
    /// Longest outcome, follow-up task and aftermath.
    public var outcome: Int
    /// Longest log record or boot failure.
    public var text: Int

    /// Room for bodies and results of 64 MiB, and log records of 64 KiB.
    public init(task: Int = 65 << 20, outcome: Int = 65 << 20, text: Int = 64 << 10) {
        self.task = task
        self.outcome = outcome
        self.text = text
    }

    func limit(for kind: FrameKind) -> Int {
        switch kind {
        case .task: self.task
        case .outcome, .followUp, .aftermath: self.outcome
        case .log, .bootFailed, .ready, .crash: self.text
        case .ledger: LedgerReport.size
        case .stop, .accepted: 0
        }
    }
}

/// Which way frames travel on a pipe.
public enum FrameDirection: Sendable {
    /// Master → child.
    case orders
    /// Child → master.
    case reports

    func carries(_ kind: FrameKind) -> Bool { (kind.rawValue & 0x80 == 0) == (self == .orders) }
}
