import Celery
import JSON
import Supervision
import Syscalls

/// Values of options, each with a message that names the option.
enum OptionParsing {
    /// A time such as `5s`.
    static func duration(_ text: String?, _ option: String) throws(UsageError) -> Duration? {
        guard let text else { return nil }
        do throws(UnitError) { return try Duration(parsing: text) } catch {
            throw UsageError(description: "--\(option): \(error.description)")
        }
    }

    /// A point in time as ISO 8601 text, in seconds since 1970.
    static func instant(_ text: String?, _ option: String) throws(UsageError) -> Double? {
        guard let text else { return nil }
        guard let seconds = ISO8601.seconds(parsing: text) else {
            throw UsageError(description: "--\(option): \"\(text)\" is no time such as 2026-03-01T12:30:00Z")
        }
        return seconds
    }

    /// A point in time, or a duration before now.
    static func instantOrAgo(_ text: String?, _ option: String) throws(UsageError) -> Double? {
        guard let text else { return nil }
        if let seconds = ISO8601.seconds(parsing: text) { return seconds }
        guard let duration = try? Duration(parsing: text) else {
            throw UsageError(
                description: "--\(option): \"\(text)\" is neither a time such as 2026-03-01T12:30:00Z nor a duration "
                    + "before now such as 1h30m")
        }
        return Double(wallNanoseconds()) / 1e9 - Double(duration.wholeNanoseconds) / 1e9
    }

    /// JSON, with the Python types that kombu writes as objects.
    static func json(_ text: String, _ option: String) throws(UsageError) -> CeleryValue {
        do throws(BodyError) { return try CeleryValue(parsing: Array(text.utf8)[...]) } catch {
            throw UsageError(description: "--\(option): \(error)")
        }
    }

    /// A JSON array.
    static func arguments(_ text: String, _ option: String) throws(UsageError) -> [CeleryValue] {
        guard let array = try self.json(text, option).asArray else {
            throw UsageError(description: "--\(option): must be a JSON array, such as '[2, \"x\"]'")
        }
        return array
    }

    /// A JSON object.
    static func keywords(_ text: String, _ option: String) throws(UsageError) -> CeleryObject {
        guard let object = try self.json(text, option).asObject else {
            throw UsageError(description: "--\(option): must be a JSON object, such as '{\"x\": 2}'")
        }
        return object
    }
}

/// Asks a person at the terminal for a word; `false` when the answer is not yes. Without a terminal there is nobody to
/// ask, and `--yes` is needed.
func confirmed(_ question: String, yes: Bool) throws(UsageError) -> Bool {
    if yes { return true }
    guard isTerminal(0) else {
        throw UsageError(description: "\(question) Nobody can be asked here: say --yes.")
    }
    print("\(question) [y/N] ", terminator: "")
    StandardOutput.flush()
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
}
