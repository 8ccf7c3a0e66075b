/// The settings of the breakers.
extension SettingKey {
    static let breaker = SettingKey(
        "breaker",
        in: [.retry, .tasks],
        .count(atLeast: 1),
        or: .unlimited,
        default: "none",
        "Children that a task may lose, each weighed against four other ends, before its messages have to wait."
    )
    static let breakerWait = SettingKey(
        "breaker_wait",
        in: [.retry, .tasks],
        .duration(zero: .forbidden),
        default: "5s",
        "How long they wait the first time; doubles with each trial that loses its child, up to 64 times as long."
    )
}
