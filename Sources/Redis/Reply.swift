/// What a server answers, in version 2 of its protocol.
public enum Reply: Equatable, Sendable {
    /// A short text that says how a command went: `OK`.
    case status(String)
    /// The server's own text for what went wrong, with its code in front: `OOM command not allowed …`.
    case error(ServerError)
    /// An integer.
    case integer(Int)
    /// A text of any bytes.
    case bytes([UInt8])
    /// Several answers.
    case array([Reply])
    /// Nothing.
    case null

    /// The bytes of a text or a status; `nil` for anything else.
    public var asBytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    /// The text; bytes that are not UTF-8 are replaced. `nil` for anything else.
    public var asText: String? { self.asBytes.map { String(decoding: $0, as: UTF8.self) } }

    /// The integer, also one that came as text; `nil` for anything else.
    public var asInt: Int? {
        if case .integer(let integer) = self { return integer }
        return self.asText.flatMap { Int($0) }
    }

    /// The elements; `nil` for anything else.
    public var asArray: [Reply]? { if case .array(let elements) = self { elements } else { nil } }
}

/// An error that the server answered.
public struct ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The server's text.
    public let text: String

    /// An error with the server's text.
    public init(_ text: String) { self.text = text }

    /// The first word of the text, by which errors are told apart: `NOSCRIPT`, `OOM`, `READONLY`.
    public var code: String { String(self.text.prefix { $0 != " " }) }

    public var description: String { self.text }
}
