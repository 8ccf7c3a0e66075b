/// What is wrong with a request, in the words of the answer.
public struct ControlError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The words; where Celery has some, its own.
    public let text: String

    /// An error.
    public init(_ text: String) { self.text = text }

    /// An exception as Python's `repr` shows it: `KeyError('no_such')`.
    public init(_ type: String, _ message: String) { self.text = "\(type)(\(pythonText(message)))" }

    public var description: String { self.text }
}

/// A text as Python's `repr` shows it.
public func pythonText(_ text: String) -> String {
    let mark = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var shown = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": shown += "\\\\"
        case "\n": shown += "\\n"
        case "\r": shown += "\\r"
        case "\t": shown += "\\t"
        case "'" where mark == "'": shown += "\\'"
        case "\u{0}"..<" ", "\u{7F}": shown += "\\x" + String(scalar.value + 0x100, radix: 16).dropFirst()
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return mark + shown + mark
}
