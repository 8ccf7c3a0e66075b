import JSON

/// A parameter's name, by which a message may pass its argument, and its default value.
///
/// Written as a string literal when it has no default: `parameters: "url", Parameter("width", default: 320)`.
public struct Parameter: Sendable, ExpressibleByStringLiteral {
    /// The name that keyword arguments use.
    public let name: String
    let defaultValue: JSONValue?

    /// A parameter that every message must pass, unless its type is optional.
    public init(_ name: String) {
        self.name = name
        self.defaultValue = nil
    }

    /// A parameter that a message may leave out. The default takes the same way as an argument: encoded, then
    /// decoded as the parameter's type.
    public init(_ name: String, default value: some Encodable) {
        self.name = name
        guard let encoded = try? JSONCoder.encode(value) else {
            preconditionFailure("The default value of parameter \(name) can be encoded.")
        }
        self.defaultValue = encoded
    }

    public init(stringLiteral name: String) { self.init(name) }
}
