import Runtime

extension Backtrace {
    /// A backtrace of a single address, in a process with the address layout of this one.
    ///
    /// `Backtrace` cannot be made from addresses, but it can be decoded, and its encoding is documented:
    /// the Compact Backtrace Format, version 0, in Base64.
    init(_ address: CrashRecord.Address) throws {
        let strings = ["architecture": machine, "backtrace": base64(compactFrame(address))]
        try self.init(from: StringsDecoder(strings: strings))
    }
}

#if arch(x86_64)
    private let machine = "x86_64"
#elseif arch(arm64)
    private let machine = "aarch64"
#endif

private func compactFrame(_ address: CrashRecord.Address) -> [UInt8] {
    let versionAndWordSize: UInt8 = 0b10  // version 0, 64 bits
    let instruction: UInt8 =
        switch address {
        case .programCounter: 0b0001_1111  // an absolute address of eight bytes, the highest first
        case .returnAddress: 0b0010_1111
        }
    let end: UInt8 = 0
    return [versionAndWordSize, instruction] + withUnsafeBytes(of: address.value.bigEndian, Array.init) + [end]
}

private func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    return stride(from: 0, to: bytes.count, by: 3).reduce(into: "") { text, start in
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for digit in 0..<4 {
            text.append(digit <= group.count ? alphabet[bits >> (6 * (3 - digit)) & 63] : "=")
        }
    }
}

/// Decodes a value that is encoded as a dictionary of strings, without the help of a JSON library.
private struct StringsDecoder: Decoder {
    let strings: [String: String]
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Container<Key>(strings: self.strings))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unsupported() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Unsupported() }

    struct Unsupported: Error {}

    struct Container<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let strings: [String: String]
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { self.strings.keys.compactMap(Key.init(stringValue:)) }

        func contains(_ key: Key) -> Bool { self.strings[key.stringValue] != nil }
        func decodeNil(forKey key: Key) -> Bool { !contains(key) }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            guard let value = self.strings[key.stringValue] as? T else { throw Unsupported() }
            return value
        }
        func nestedContainer<Nested: CodingKey>(
            keyedBy: Nested.Type,
            forKey: Key
        ) throws -> KeyedDecodingContainer<Nested> { throw Unsupported() }
        func nestedUnkeyedContainer(forKey: Key) throws -> any UnkeyedDecodingContainer { throw Unsupported() }
        func superDecoder() throws -> any Decoder { throw Unsupported() }
        func superDecoder(forKey: Key) throws -> any Decoder { throw Unsupported() }
    }
}
