import Supervision

/// How limits are kept, and how memory is shared out.
extension SettingKey {
    static let controlGroups = SettingKey(
        "control_groups",
        in: [.worker],
        .choice(GroupChoice.allCases.map(\.rawValue)),
        default: "auto",
        "Control groups that keep the limits of attempts: the best that is there, one version or no start, or none."
    )
    static let memoryBudget = SettingKey(
        "memory_budget",
        in: [.worker],
        .size,
        or: .auto,
        default: "auto",
        "Memory that all attempts may be expected to add together; \"auto\" is four fifths of the container or machine."
    )
    static let cpuPercent = SettingKey(
        "cpu_percent",
        in: [.limits, .tasks],
        .count(atLeast: 1),
        or: .unlimited,
        default: "none",
        "CPU that the attempt's process tree gets at most, in percent of one processor; kept by control groups only."
    )
}
