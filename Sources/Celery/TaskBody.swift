/// The body of a task message of protocol 2: `[args, kwargs, embed]`.
public struct TaskBody: Sendable, Hashable {
    /// Positional arguments.
    public var args: [CeleryValue]
    /// Keyword arguments.
    public var kwargs: CeleryObject
    /// What is to happen after the task.
    public var embed: Embed

    /// A body.
    public init(args: [CeleryValue] = [], kwargs: CeleryObject = CeleryObject(), embed: Embed = Embed()) {
        self.args = args
        self.kwargs = kwargs
        self.embed = embed
    }

    /// Takes a body that was decoded. Throws ``BodyError`` with `notATask` when it has another shape.
    public init(_ value: CeleryValue) throws(BodyError) {
        guard let parts = value.asArray, parts.count == 3 else {
            throw BodyError(.notATask, "The body is not an array of arguments, keyword arguments and embedded tasks.")
        }
        guard let args = parts[0].asArray else { throw BodyError(.notATask, "The arguments are not an array.") }
        guard let kwargs = parts[1].asObject else {
            throw BodyError(.notATask, "The keyword arguments are not an object.")
        }
        self.init(args: args, kwargs: kwargs, embed: try Embed(parts[2]))
    }

    /// The body as one value.
    public var value: CeleryValue { [.array(self.args), .object(self.kwargs), .object(self.embed.members)] }
}
