/// Why a body cannot be read or written.
public struct BodyError: Error, Hashable, CustomStringConvertible {
    /// What is wrong; short enough for a metric's label.
    public enum Code: String, Sendable {
        /// The body is pickled, which is never read.
        case pickled
        /// The content type is none that is read.
        case unsupportedContentType
        /// The content type is known and switched off.
        case notAccepted
        /// The text is in an encoding other than UTF-8.
        case unsupportedContentEncoding
        /// The body is wrapped in something other than base64 or plain text.
        case unsupportedBodyEncoding
        /// The compression is none that is read.
        case unsupportedCompression
        /// The body is said to be base64 and is not.
        case invalidBase64
        /// The compressed body is damaged.
        case invalidCompression
        /// The body, or what it decompresses to, is too large.
        case tooLarge
        /// The body is not what its content type says.
        case malformed
        /// Arrays and objects are nested too deeply.
        case tooDeep
        /// More values than allowed.
        case tooManyValues
        /// An object that announces a Python type and holds no value of it.
        case invalidSpecial
        /// The body is no task's body.
        case notATask
        /// The serializer has no form for a value.
        case notEncodable
    }

    /// What is wrong.
    public let code: Code
    /// What is wrong and, where there is a way, what to do about it. For humans.
    public let message: String

    /// An error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { self.message }
}
