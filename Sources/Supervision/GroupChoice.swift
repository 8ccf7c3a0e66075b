/// What the configuration says of control groups.
public enum GroupChoice: String, CaseIterable, Sendable {
    /// The best that is there.
    case auto
    /// Version 2, or the worker does not start.
    case v2
    /// Version 1, or the worker does not start.
    case v1
    /// None.
    case off
}
