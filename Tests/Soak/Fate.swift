import JSON

/// What must have become of a task when all is over.
enum Fate: Equatable {
    /// It succeeded with this value; any value where it is `nil`.
    case success(JSONValue?)
    /// It failed with an error of this type.
    case failure(String)
    /// It failed, and its message is a dead letter for this reason.
    case dead(String)
    /// It was acknowledged before it ran, and may have been lost with its child or worker.
    case mayBeLost
}

/// A message for a list, or one behind another.
struct Produced {
    var list = "celery"
    var text: String
    /// The tasks that it brings about, by their ids.
    var fates: [(id: String, fate: Fate)] = []
}
