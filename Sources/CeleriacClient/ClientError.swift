/// Why a call of a ``Client`` could not do what it should.
public struct ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong; short enough for a metric's label.
    public enum Code: String, Sendable {
        /// A URL or an option is not usable. Nothing was sent.
        case invalid
        /// The arguments have no form in the serializer. Nothing was sent.
        case notEncodable = "not_encodable"
        /// There was no connection in time. Nothing was sent.
        case unreachable
        /// The server answered with an error: nothing happened.
        case refused
        /// The connection ended, or the time ran out, between the command and its answer: it may have taken effect or
        /// not.
        case uncertain
        /// The result was not there in time.
        case timedOut = "timed_out"
        /// The client has no result backend.
        case noResultBackend = "no_result_backend"
        /// A stored result is not what the caller expects, or cannot be read.
        case undecodable
        /// The client was closed.
        case closed
        /// The task that called was cancelled. Thrown as `CancellationError`.
        case cancelled
    }

    /// What is wrong.
    public let code: Code
    /// What is wrong, for people. Holds no password.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { self.message }

    static let closed = ClientError(.closed, "the client is closed")
    static let noResultBackend = ClientError(.noResultBackend, "the client has no result backend")
    static let cancelled = ClientError(.cancelled, "cancelled")

    /// What is thrown for it: Swift has an error of its own for cancellation.
    var thrown: any Error { self.code == .cancelled ? CancellationError() : self }
}
