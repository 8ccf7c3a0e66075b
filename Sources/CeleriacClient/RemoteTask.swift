/// A task that some worker has, with the types of its positional arguments and of its result.
///
/// ```swift
/// let add = RemoteTask("tasks.add", arguments: Int.self, Int.self, returning: Int.self)
/// let sum = try await client.send(add, 2, 3).value(timeout: .seconds(10))
/// ```
public struct RemoteTask<each Argument: Encodable & Sendable, Output: Decodable & Sendable>: Sendable {
    /// The task's name.
    public let name: String

    /// A task of that name.
    public init(_ name: String, arguments: repeat (each Argument).Type, returning: Output.Type) { self.name = name }
}
