/// What a type's `encode(to:)` writes into.
struct ValueEncoder: Encoder {
    let node = EncodingNode()
    let path: CodingPath

    var codingPath: [any CodingKey] { self.path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        self.node.becomeObject()
        return KeyedEncodingContainer(KeyedNode(node: self.node, path: self.path))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        self.node.becomeArray()
        return UnkeyedNode(node: self.node, path: self.path)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleNode(node: self.node, path: self.path) }
}

/// A place in the document being written. Containers share it, because a type may write to several in turn.
final class EncodingNode {
    /// A value that is complete, or one that a container or nested encoder still writes.
    enum Child {
        case json(JSONValue)
        case node(EncodingNode)

        var json: JSONValue? {
            switch self {
            case .json(let json): json
            case .node(let node): node.json
            }
        }
    }

    enum Content {
        case nothing
        case value(JSONValue)
        case array([Child])
        case object([(key: String, child: Child)])
    }

    var content = Content.nothing

    /// What was written; `nil` when nothing was.
    var json: JSONValue? {
        switch self.content {
        case .nothing: return nil
        case .value(let value): return value
        case .array(let children): return .array(children.map { $0.json ?? .object([:]) })
        case .object(let members):
            var object = JSONObject()
            for (key, child) in members { object[key] = child.json ?? .object([:]) }
            return .object(object)
        }
    }

    var count: Int { if case .array(let children) = self.content { children.count } else { 0 } }

    func becomeObject() {
        switch self.content {
        case .nothing: self.content = .object([])
        case .object: break
        case .value, .array: preconditionFailure("A type encodes itself in one kind of container.")
        }
    }

    func becomeArray() {
        switch self.content {
        case .nothing: self.content = .array([])
        case .array: break
        case .value, .object: preconditionFailure("A type encodes itself in one kind of container.")
        }
    }

    func becomeValue(_ value: JSONValue) {
        guard case .nothing = self.content else { preconditionFailure("A type encodes one single value.") }
        self.content = .value(value)
    }

    func append(_ child: Child) {
        guard case .array(var children) = self.content else { preconditionFailure("Only an array is appended to.") }
        self.content = .nothing  // So that `children` is not copied.
        children.append(child)
        self.content = .array(children)
    }

    func append(_ child: Child, key: String) {
        guard case .object(var members) = self.content else { preconditionFailure("Only an object has keys.") }
        self.content = .nothing  // So that `members` is not copied.
        members.append((key, child))
        self.content = .object(members)
    }
}

private struct SingleNode: SingleValueEncodingContainer {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { self.path.keys }

    mutating func encodeNil() { self.node.becomeValue(.null) }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        self.node.becomeValue(try JSONValue(encoding: value, at: self.path))
    }
}

private struct KeyedNode<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { self.path.keys }

    mutating func encodeNil(forKey key: Key) { self.node.append(.json(.null), key: key.stringValue) }

    mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        self.node.append(.json(try JSONValue(encoding: value, at: self.path(of: key))), key: key.stringValue)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key)
        -> KeyedEncodingContainer<Nested>
    {
        self.encoder(of: key).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        self.encoder(of: key).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder { self.encoder(of: PathKey.superclass) }

    mutating func superEncoder(forKey key: Key) -> any Encoder { self.encoder(of: key) }

    private func encoder(of key: any CodingKey) -> ValueEncoder {
        let encoder = ValueEncoder(path: self.path(of: key))
        self.node.append(.node(encoder.node), key: key.stringValue)
        return encoder
    }

    private func path(of key: any CodingKey) -> CodingPath { .key(key, in: self.path) }
}

private struct UnkeyedNode: UnkeyedEncodingContainer {
    let node: EncodingNode
    let path: CodingPath

    var codingPath: [any CodingKey] { self.path.keys }
    var count: Int { self.node.count }

    mutating func encodeNil() { self.node.append(.json(.null)) }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        self.node.append(.json(try JSONValue(encoding: value, at: self.elementPath)))
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        self.nextEncoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self.nextEncoder().unkeyedContainer() }

    mutating func superEncoder() -> any Encoder { self.nextEncoder() }

    private var elementPath: CodingPath { .index(self.count, in: self.path) }

    private func nextEncoder() -> ValueEncoder {
        let encoder = ValueEncoder(path: self.elementPath)
        self.node.append(.node(encoder.node))
        return encoder
    }
}
