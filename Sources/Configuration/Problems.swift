import Supervision

/// Collects everything that is wrong, so that one run of the program shows it all.
struct Problems {
    private(set) var errors: [ConfigurationError] = []
    private(set) var warnings: [String] = []

    /// Notes an error, unless the same one is already known.
    mutating func add(_ code: ConfigurationError.Code, _ message: String, at source: SettingSource) {
        let error = ConfigurationError(code: code, message: message, source: source)
        if !self.errors.contains(error) { self.errors.append(error) }
    }

    mutating func warn(_ message: String, at source: SettingSource) {
        self.warnings.append("\(source.precisePlace): \(message)")
    }
}

/// `; did you mean 'hard_time'?`, or nothing when no name is near.
func suggestion(for name: String, among names: some Sequence<String>, quote: String = "'") -> String {
    guard let match = nearestMatch(to: name, in: names) else { return "" }
    return "; did you mean \(quote)\(match)\(quote)?"
}
