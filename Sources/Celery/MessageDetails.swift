import JSON

/// What a task message says for people: what events and inspections show beside its ``MessageHead``.
///
/// Each value is kept as it was written, so that it can be passed on without being read.
public struct MessageDetails: Sendable, Hashable {
    /// The arguments as text; a JSON string. Cut by whoever sent the message.
    public private(set) var arguments: ArraySlice<UInt8> = []
    /// The keyword arguments as text; a JSON string.
    public private(set) var keywords: ArraySlice<UInt8> = []
    /// The name to show in place of the task's; a JSON string, `nil` for none.
    public private(set) var shadow: ArraySlice<UInt8>?
    /// Not before this time; a JSON string, `nil` for none.
    public private(set) var eta: ArraySlice<UInt8>?
    /// Not after this time; a JSON string, `nil` for none.
    public private(set) var expires: ArraySlice<UInt8>?
    /// What the message is stamped with; a JSON object, `nil` for none.
    public private(set) var stamps: ArraySlice<UInt8>?

    /// Longer texts are left out: senders cut them at 1,024 characters.
    private static let longest = 8_192

    /// Looks for them in a message; what is not found, or of no use, is empty.
    public init(scanning message: ArraySlice<UInt8>) {
        message.withUnsafeBufferPointer { buffer in
            var reader = HeadReader(buffer, of: message, limits: JSONLimits())
            // Whoever read the head has found the message in order; what is unusual in it is not shown.
            try? self.read(&reader)
        }
    }

    private mutating func read(_ reader: inout HeadReader) throws(HeadReader.Unusual) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if case "headers" = key { return try self.readHeaders(&reader) }
            _ = try reader.value()
        }
    }

    private mutating func readHeaders(_ reader: inout HeadReader) throws(HeadReader.Unusual) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            let value = try reader.value()
            switch key {
            case "argsrepr": self.arguments = Self.text(value, reader) ?? []
            case "kwargsrepr": self.keywords = Self.text(value, reader) ?? []
            case "shadow": self.shadow = Self.text(value, reader)
            case "eta": self.eta = Self.text(value, reader)
            case "expires": self.expires = Self.text(value, reader)
            case "stamps": self.stamps = Self.object(value)
            default: break
            }
        }
    }

    private static func text(_ value: HeadReader.Value, _ reader: HeadReader) -> ArraySlice<UInt8>? {
        switch value {
        case .text(let range):
            return range.count > self.longest ? nil : reader.slice(range.lowerBound - 1..<range.upperBound + 1)
        case .other(let slice):
            return slice.kind == .string && slice.bytes.count <= self.longest ? slice.bytes : nil
        case .null, .bool, .integer: return nil
        }
    }

    private static func object(_ value: HeadReader.Value) -> ArraySlice<UInt8>? {
        guard case .other(let slice) = value, slice.kind == .object else { return nil }
        return slice.bytes
    }
}
