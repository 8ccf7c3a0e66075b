/// The state of a task, as a result document tells it. A task may have states of its own.
public struct ResultState: RawRepresentable, Sendable, Hashable {
    /// The text in the document.
    public let rawValue: String

    /// A state of that text.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Nothing is known. Never stored.
    public static let pending = ResultState(rawValue: "PENDING")
    /// A child runs the task. Stored only where `track_started` is on.
    public static let started = ResultState(rawValue: "STARTED")
    /// The task returned.
    public static let success = ResultState(rawValue: "SUCCESS")
    /// The task failed.
    public static let failure = ResultState(rawValue: "FAILURE")
    /// The task will be run again.
    public static let retry = ResultState(rawValue: "RETRY")
    /// The task was called off.
    public static let revoked = ResultState(rawValue: "REVOKED")

    /// Whether it is the last state: waiting ends, and the document has a date.
    public var isReady: Bool { self == .success || self == .failure || self == .revoked }
}
