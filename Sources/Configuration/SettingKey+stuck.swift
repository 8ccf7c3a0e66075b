import Supervision

/// The settings of the watchdog.
extension SettingKey {
    static let stuckAfter = SettingKey(
        "stuck_after",
        in: [.limits, .tasks],
        .duration(zero: .forbidden),
        or: .unlimited,
        default: "none",
        "Time in which nothing at all happens in the attempt's process tree before it counts as stuck."
    )
    static let whenStuck = SettingKey(
        "when_stuck",
        in: [.limits, .tasks],
        .choice(StuckPolicy.allCases.map(\.rawValue)),
        default: "warn",
        "What becomes of a stuck attempt: the log tells where it is, or it is killed as well."
    )
}
