/// The settings of traces.
extension SettingKey {
    static let traceSocket = SettingKey(
        "trace_socket",
        in: [.worker],
        .absolutePath,
        or: .unlimited,
        default: "none",
        "The datagram socket of whoever collects the spans of attempts, as `celeriac-status --spans` does; \"none\" makes no spans."
    )
    static let tracePercent = SettingKey(
        "trace_percent",
        in: [.worker],
        .percentage,
        default: "100",
        "How many of 100 messages that belong to no trace begin one. What belongs to a trace is recorded if its sender says so."
    )
}
