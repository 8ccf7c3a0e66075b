/// What a type's `init(from:)` reads: one value of a document.
struct ValueDecoder: Decoder, SingleValueDecodingContainer {
    let value: JSONValue
    let path: CodingPath

    var codingPath: [any CodingKey] { self.path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = self.value else {
            throw self.value.mismatch([String: Any].self, at: self.path)
        }
        return KeyedDecodingContainer(KeyedValues(object: object, path: self.path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = self.value else { throw self.value.mismatch([Any].self, at: self.path) }
        return UnkeyedValues(elements: elements, path: self.path)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { self.value.isNull }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try self.value.decoded(as: type, at: self.path)
    }
}

/// The members of an object as a keyed container.
private struct KeyedValues<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: JSONObject
    let path: CodingPath

    var codingPath: [any CodingKey] { self.path.keys }
    var allKeys: [Key] { self.object.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { self.object[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try self.value(of: key).isNull }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try self.value(of: key).decoded(as: type, at: self.path(of: key))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    {
        try self.decoder(of: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try self.decoder(of: key).unkeyedContainer()
    }

    /// Decodes `null` when there is no such key, as Foundation's coder does.
    func superDecoder() -> any Decoder {
        let key = PathKey.superclass
        return ValueDecoder(value: self.object[key.stringValue] ?? .null, path: self.path(of: key))
    }

    /// Decodes `null` when there is no such key, as Foundation's coder does.
    func superDecoder(forKey key: Key) -> any Decoder {
        ValueDecoder(value: self.object[key.stringValue] ?? .null, path: self.path(of: key))
    }

    private func value(of key: Key) throws -> JSONValue {
        if let value = self.object[key.stringValue] { return value }
        let message = "There is no key \"\(key.stringValue)\"."
        throw DecodingError.keyNotFound(key, .init(codingPath: self.codingPath, debugDescription: message))
    }

    private func decoder(of key: Key) throws -> ValueDecoder {
        ValueDecoder(value: try self.value(of: key), path: self.path(of: key))
    }

    private func path(of key: any CodingKey) -> CodingPath { .key(key, in: self.path) }
}

/// The elements of an array as an unkeyed container.
private struct UnkeyedValues: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let path: CodingPath
    var currentIndex = 0

    init(elements: [JSONValue], path: CodingPath) {
        self.elements = elements
        self.path = path
    }

    var codingPath: [any CodingKey] { self.path.keys }
    var count: Int? { self.elements.count }
    var isAtEnd: Bool { self.currentIndex == self.elements.count }

    mutating func decodeNil() throws -> Bool {
        guard try self.current(Never?.self).isNull else { return false }
        self.currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try self.current(type).decoded(as: type, at: self.elementPath)
        self.currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested>
    {
        let container = try self.decoder([String: Any].self).container(keyedBy: type)
        self.currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try self.decoder([Any].self).unkeyedContainer()
        self.currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try self.decoder((any Decoder).self)
        self.currentIndex += 1
        return decoder
    }

    private var elementPath: CodingPath { .index(self.currentIndex, in: self.path) }

    private func decoder(_ type: Any.Type) throws -> ValueDecoder {
        ValueDecoder(value: try self.current(type), path: self.elementPath)
    }

    private func current(_ type: Any.Type) throws -> JSONValue {
        if !self.isAtEnd { return self.elements[self.currentIndex] }
        let message = "The array has only \(self.elements.count) elements."
        throw DecodingError.valueNotFound(type, .init(codingPath: self.elementPath.keys, debugDescription: message))
    }
}
