/// What a server says of itself.
public enum ServerVersion {
    /// The first number of its version, from the answer to `INFO server`; today's where it does not say.
    public static func major(info: Reply) -> Int {
        let lines = (info.asText ?? "").split(separator: "\r\n")
        let line = lines.first { $0.hasPrefix("redis_version:") }
        return line.flatMap { Int($0.dropFirst(14).prefix { $0 != "." }) } ?? 7
    }
}
