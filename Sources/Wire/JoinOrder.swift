/// The body of a ``TaskOrder`` that joins a chord: items of four bytes for the length, and the content.
///
/// The first item is the message that asks for the join, the second the document of the saved group, empty where there is
/// none; then the parts in the order of their places.
public struct JoinOrder: Equatable, Sendable {
    /// The message.
    public var message: Bytes
    /// The document of the saved group; empty where there is none.
    public var tree: Bytes
    /// What the result backend keeps of each part.
    public var parts: [Bytes]

    /// A join.
    public init(message: Bytes, tree: Bytes = [], parts: [Bytes] = []) {
        self.message = message
        self.tree = tree
        self.parts = parts
    }

    /// Bytes that it takes.
    public var size: Int { self.items.reduce(0) { $0 + 4 + $1.count } }

    /// Its items as they are written, each behind its length.
    public var items: [Bytes] { [self.message, self.tree] + self.parts }

    /// Appends what stands before an item of so many bytes.
    public static func writeLength(_ count: Int, into buffer: inout [UInt8]) { buffer.append(integer: UInt32(count)) }

    /// Reads a body.
    public init(decoding body: Bytes) throws(FrameError) {
        var reader = PayloadReader(body)
        var items: [Bytes] = []
        while let length = reader.integer(UInt32.self) {
            guard let item = reader.bytes(Int(length)) else { throw .badPayload(.task) }
            items.append(item)
        }
        guard items.count >= 2, reader.remainder().isEmpty else { throw .badPayload(.task) }
        self.init(message: items[0], tree: items[1], parts: Array(items.dropFirst(2)))
    }
}
