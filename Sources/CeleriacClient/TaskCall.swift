import Celery
import JSON

/// One call of a task: its name, its arguments, and how to send it. For ``Client/send(_:)`` and
/// ``Client/sendBatch(_:)``.
public struct TaskCall: Sendable {
    /// The task's name.
    public var task: String
    /// Positional arguments.
    public var arguments: [CeleryValue]
    /// Keyword arguments, in their order.
    public var keywords: CeleryObject
    /// How to send it.
    public var options: SendOptions

    /// A call with arguments in Celery's own terms, which know Python's dates, decimals, UUIDs and bytes.
    public init(
        _ task: String, arguments: [CeleryValue], keywords: CeleryObject = CeleryObject(),
        options: SendOptions = SendOptions()
    ) {
        self.task = task
        self.arguments = arguments
        self.keywords = keywords
        self.options = options
    }

    /// A call with Swift's values. They are encoded as JSON: a `Date` and a `UUID` become text, `Data` base64 text.
    ///
    /// Throws ``ClientError`` with the code `notEncodable` for what JSON cannot hold, such as NaN.
    public init<each Argument: Encodable>(
        _ task: String, _ argument: repeat each Argument, keywords: [String: any Encodable] = [:],
        options: SendOptions = SendOptions()
    ) throws(ClientError) {
        var arguments: [CeleryValue] = []
        for argument in repeat each argument { arguments.append(try Self.value(argument)) }
        var members = CeleryObject()
        for (name, value) in keywords.sorted(by: { $0.key < $1.key }) { members[name] = try Self.value(value) }
        self.init(task, arguments: arguments, keywords: members, options: options)
    }

    private static func value(_ value: some Encodable) throws(ClientError) -> CeleryValue {
        do {
            return CeleryValue(try JSONCoder.encode(value))
        } catch {
            throw ClientError(.notEncodable, "an argument cannot be encoded: \(error)")
        }
    }
}
