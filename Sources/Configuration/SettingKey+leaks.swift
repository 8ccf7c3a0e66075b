/// The settings of the leak ledger.
extension SettingKey {
    static let stateDirectory = SettingKey(
        "state_dir",
        in: [.worker],
        .absolutePath,
        or: .unlimited,
        default: "none",
        "The directory in which the worker keeps what other commands read, such as what `leaks` prints; it is created."
    )
    static let leakLedger = SettingKey(
        "leak_ledger",
        in: [.worker],
        .choice(LeakLedgerMode.allCases.map(\.rawValue)),
        default: LeakLedgerMode.sampled.rawValue,
        "When children look at what attempts left behind: as often as 0.6 % of the time allows, after every attempt, or never."
    )
    static let recycle = SettingKey(
        "recycle",
        in: [.limits, .tasks],
        .choice(RecyclePolicy.allCases.map(\.rawValue)),
        default: RecyclePolicy.byLimits.rawValue,
        "Whether a child is also replaced when its tasks were found leaking, and their leaks in it have reached `leak_allowance`."
    )
    static let leakAllowance = SettingKey(
        "leak_allowance",
        in: [.limits, .tasks],
        .size,
        default: "64MiB",
        "Memory that leaks may take of a child before `recycle = \"when_leaking\"` replaces it."
    )
}

/// When children look at what attempts left behind.
public enum LeakLedgerMode: String, CaseIterable, Sendable {
    /// As often as a small share of the time allows.
    case sampled
    /// After every attempt.
    case every
    /// Never.
    case off
}

/// Whether leaks replace a child.
public enum RecyclePolicy: String, CaseIterable, Sendable {
    /// Only the limits on tasks, age and growth do.
    case byLimits = "by_limits"
    /// Leaks do as well.
    case whenLeaking = "when_leaking"
}
