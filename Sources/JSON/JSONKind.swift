/// The six kinds of JSON values.
public enum JSONKind: String, Sendable {
    case null, bool, number, string, array, object
}
