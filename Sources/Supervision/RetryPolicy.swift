/// When a task that failed or lost its child runs again.
public struct RetryPolicy: Equatable, Sendable {
    /// Retries after the first attempt; 0 never retries. Celery: `max_retries`.
    public var maxRetries = 3
    /// Whether an error that the task threw is retried without the task asking for it. Celery: `autoretry_for`.
    public var automatic = false
    /// Wait before the first retry; doubles with each further one. Celery: `retry_backoff`.
    public var backoff: Duration = .seconds(1)
    /// Longest wait between two attempts. Celery: `retry_backoff_max`.
    public var maxBackoff: Duration = .seconds(600)
    /// Whether each wait is drawn at random between half of it and all of it. Celery: `retry_jitter`.
    public var jitter = true
    /// Children that the task may lose (crash, exit, outside kill) before it fails for good.
    public var maxLosses = 2
    /// Children that it may lose, weighed against its other ends, before its messages have to wait; `nil` for any number.
    public var breaker: Int?
    /// How long they wait the first time; doubles with each trial that loses its child, up to 64 times as long.
    public var breakerWait: Duration = .seconds(5)

    /// Three retries on request, one second of doubling back-off, two lost children.
    public init() {}
}
