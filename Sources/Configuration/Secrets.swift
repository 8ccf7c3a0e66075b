// What of a configuration are secrets, and the configuration without them, for processes that run tasks.

extension SettingKey {
    /// Whether its value may hold a password: where a server is and how to log in.
    public var isSecret: Bool { if case .url = self.kind { true } else { false } }

    /// The names of environment variables that hold secrets, Celery's own among them.
    public static let secretVariables: Set<String> = {
        let ours = SettingKey.all.filter(\.isSecret).compactMap(\.environmentVariable)
        let celerys = [
            "CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND",
        ]
        return Set(ours + celerys)
    }()

    /// The flags that hold secrets.
    public static let secretFlags = Set(SettingKey.all.filter(\.isSecret).compactMap(\.flag))
}

extension Settings {
    /// The text of a configuration file without its secrets and without its comments, in which others may stand.
    ///
    /// Sections and keys keep their order, and nothing keeps its place. Throws for a text that is not TOML.
    public static func withoutSecrets(file name: String, _ text: String) throws(ConfigurationError) -> String {
        let secrets = SettingKey.all.filter(\.isSecret).map(\.name)
        return try Document(name: name, text: text).entries.map { entry in
            guard case .table(let entries) = entry.node.value else { return entry.text + "\n" }
            let table = Node.Value.table(entries.filter { !secrets.contains($0.key) })
            return "\(keyText(entry.key)) = \(table.text)\n"
        }.joined()
    }
}

extension Node.Entry {
    fileprivate var text: String { "\(keyText(self.key)) = \(self.node.value.text)" }
}

extension Node.Value {
    /// The value as TOML, on one line.
    fileprivate var text: String {
        switch self {
        case .table(let entries): "{ \(entries.map(\.text).joined(separator: ", ")) }"
        case .array(let elements): "[\(elements.map(\.value.text).joined(separator: ", "))]"
        case .string(let text): quoted(text)
        case .integer(let number): "\(number)"
        case .boolean(let value): "\(value)"
        case .float(let number): "\(number)"
        // No setting is of such a type: the text is refused for it before anybody asks for this.
        case .other(let name): quoted(name)
        }
    }
}

/// The text with `**` for the login of each URL in it that has a password.
public func maskingLogins(in text: String) -> String {
    var result = ""
    var rest = text[...]
    while let mark = rest.firstRange(of: "://") {
        result += rest[..<mark.upperBound]
        rest = rest[mark.upperBound...]
        let end = rest.firstIndex { $0.isWhitespace || $0 == "'" || $0 == "\"" } ?? rest.endIndex
        guard let at = rest[..<end].lastIndex(of: "@"), rest[..<at].contains(":") else { continue }
        result += "**"
        rest = rest[at...]
    }
    return result + rest
}
