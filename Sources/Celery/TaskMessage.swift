/// An envelope that asks for one run of a task.
public struct TaskMessage: Sendable, Hashable {
    /// The message.
    public var envelope: Envelope
    /// What its headers say.
    public var headers: TaskHeaders

    /// Which of Celery's two ways a message uses to say what it asks for.
    public enum ProtocolVersion: Int, Sendable {
        /// Everything is in the body: see ``ProtocolOneTask``. Or it is no task message at all.
        case one = 1
        /// The headers say it.
        case two = 2
    }

    /// Reads the headers of a message of protocol 2. Throws ``EnvelopeError``, also for one of protocol 1.
    public init(_ envelope: Envelope) throws(EnvelopeError) {
        self.headers = try TaskHeaders(envelope.headers)
        self.envelope = envelope
    }
}

extension Envelope {
    /// Where the message says what it asks for.
    public var protocolVersion: TaskMessage.ProtocolVersion { self.headers["task"] == nil ? .one : .two }
}
