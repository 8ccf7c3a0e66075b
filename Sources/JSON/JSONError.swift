/// Why bytes are not a JSON document, and where.
public struct JSONError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: String, Sendable {
        case unexpectedEnd = "the document ends too early"
        case unexpectedByte = "unexpected byte"
        case trailingBytes = "more bytes after the document"
        case invalidUTF8 = "invalid UTF-8"
        case invalidEscape = "invalid escape sequence"
        case loneSurrogate = "half of a surrogate pair"
        case controlCharacter = "unescaped control character in a string"
        case invalidNumber = "malformed number"
        case notFinite = "NaN and Infinity are not JSON numbers"
        case tooDeep = "arrays and objects are nested too deeply"
        case numberTooLong = "number with too many digits"
        case duplicateKey = "key that the object already has"
        case wrongKind = "not the kind of value that was asked for"
        case tooManyMembers = "an object has more members than it may"
    }

    /// What is wrong.
    public let code: Code
    /// The byte at which it shows, counted from 0 at the start of the bytes that were parsed.
    public let offset: Int

    /// An error at the byte `offset`, counted from 0.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// What is wrong and where, for humans.
    public var description: String { "\(self.code.rawValue) at byte \(self.offset)" }
}
