import CHiredis

/// Bytes from a server to replies, from any split of the bytes (hiredis' reader).
public final class ReplyDecoder {
    private let reader: UnsafeMutablePointer<redisReader>

    /// A decoder at the start of a connection.
    public init() {
        guard let reader = redisReaderCreateWithFunctions(Self.functions) else {
            preconditionFailure("There is memory for a reader.")
        }
        self.reader = reader
    }

    deinit { redisReaderFree(self.reader) }

    /// Takes bytes as they came.
    public func append(_ bytes: UnsafeRawBufferPointer) {
        redisReaderFeed(self.reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }

    /// Bytes that are kept until the reply that they begin is whole.
    public var heldBytes: Int { Int(self.reader.pointee.len) - Int(self.reader.pointee.pos) }

    /// The next whole reply; `nil` until more bytes come. Throws ``ProtocolError``, after which the connection is of no
    /// use.
    public func next() throws(ProtocolError) -> Reply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(self.reader, &object) == REDIS_OK else { throw ProtocolError(text: self.errorText) }
        guard let object else { return nil }
        return Unmanaged<ReplyNode>.fromOpaque(object).takeRetainedValue().reply
    }

    private var errorText: String {
        withUnsafeBytes(of: &self.reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Lives as long as the process: every reader points to it.
    nonisolated(unsafe) private static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, bytes, count in place(.leaf(text(task!, bytes, count)), task!) },
                createArray: { task, count in place(.node(ReplyNode(capacity: Int(count))), task!) },
                createInteger: { task, value in place(.leaf(.integer(Int(value))), task!) },
                createNil: { task in place(.leaf(.null), task!) },
                freeObject: { object in
                    if let object { Unmanaged<ReplyNode>.fromOpaque(object).release() }
                }))
        return functions
    }()
}

/// Bytes that are no reply.
public struct ProtocolError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in the reader's words.
    public let text: String

    public var description: String { "bytes that are no reply: \(self.text)" }
}

/// A reply that is being read: a leaf, or an array whose elements still come.
private final class ReplyNode {
    enum Item {
        case leaf(Reply)
        case node(ReplyNode)

        var reply: Reply {
            switch self {
            case .leaf(let reply): reply
            case .node(let node): node.reply
            }
        }
    }

    private var items: [Item] = []
    private let isArray: Bool

    init(leaf: Reply) {
        self.isArray = false
        self.items = [.leaf(leaf)]
    }

    init(capacity: Int) {
        self.isArray = true
        // The count is a claim: room is made for what a script answers, more comes with the elements.
        self.items.reserveCapacity(min(max(0, capacity), 256))
    }

    func append(_ item: Item) { self.items.append(item) }

    var reply: Reply { self.isArray ? .array(self.items.map(\.reply)) : self.items[0].reply }
}

/// Hangs an item into the array that it is an element of. The reader owns the outermost node, a node its items; what a
/// leaf within an array returns only has to differ from null.
private func place(_ item: ReplyNode.Item, _ task: UnsafePointer<redisReadTask>) -> UnsafeMutableRawPointer? {
    guard let parent = task.pointee.parent?.pointee.obj else {
        let root = if case .node(let node) = item { node } else { ReplyNode(leaf: item.reply) }
        return Unmanaged.passRetained(root).toOpaque()
    }
    Unmanaged<ReplyNode>.fromOpaque(parent).takeUnretainedValue().append(item)
    guard case .node(let node) = item else { return parent }
    return Unmanaged.passUnretained(node).toOpaque()
}

private func text(_ task: UnsafePointer<redisReadTask>, _ bytes: UnsafePointer<CChar>?, _ count: Int) -> Reply {
    let buffer = UnsafeRawBufferPointer(start: bytes, count: count)
    switch task.pointee.type {
    case REDIS_REPLY_STATUS: return .status(String(decoding: buffer, as: UTF8.self))
    case REDIS_REPLY_ERROR: return .error(ServerError(String(decoding: buffer, as: UTF8.self)))
    default: return .bytes([UInt8](buffer))
    }
}
