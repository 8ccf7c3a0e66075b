/// Why a key, a certificate or a directory of them cannot be used. Names the file; never holds what is in it.
public struct KeyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or directory.
    public let path: String
    /// What is wrong with it.
    public let reason: String

    init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "\(self.path): \(self.reason)" }
}

/// Why a message is not taken as one that a known key has signed.
public struct SignatureError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong; short enough for a metric's label.
    public enum Code: String, Sendable {
        /// It has no signature.
        case unsigned
        /// Its signature is not of a form that is known.
        case malformed
        /// No key of this worker has the signature's name.
        case unknownKey = "unknown_key"
        /// The key did not sign what the message says.
        case mismatch
        /// It was signed too long ago, or in the future.
        case outOfTime = "out_of_time"
        /// It has been carried out before.
        case replayed
    }

    /// What is wrong.
    public let code: Code
    /// What is wrong, for humans.
    public let description: String

    /// Nothing can be checked.
    public static let noKeys = SignatureError(.unknownKey, "this worker has no keys to check the message with")

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
