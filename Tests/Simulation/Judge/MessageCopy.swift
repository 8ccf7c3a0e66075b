import Glibc

/// Which message some bytes are, found by what stands in them.
struct MessageCopy: Hashable {
    let id: String
    let retries: Int

    /// `nil` for bytes that are no message.
    init?(_ bytes: [UInt8]) {
        if let id = Self.text(after: #""id": ""#, in: bytes) {
            self.id = id
            self.retries = Self.number(after: #""retries": "#, in: bytes) ?? 0
        } else if let number = Self.number(after: "no message at all, number m", in: bytes) {
            (self.id, self.retries) = ("m\(number)", 0)
        } else {
            return nil
        }
    }

    init(id: String, retries: Int) { (self.id, self.retries) = (id, retries) }

    /// What stands behind a text up to the next quote.
    static func text(after mark: StaticString, in bytes: [UInt8]) -> String? {
        guard let start = self.end(of: mark, in: bytes) else { return nil }
        return String(decoding: bytes[start...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    static func number(after mark: StaticString, in bytes: [UInt8]) -> Int? {
        guard let start = self.end(of: mark, in: bytes) else { return nil }
        let digits = bytes[start...].prefix { (48...57).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func end(of mark: StaticString, in bytes: [UInt8]) -> Int? {
        let length = mark.utf8CodeUnitCount
        return bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return nil }
            var start = 0
            while start + length <= all.count,
                let found = memchr(base + start, CInt(mark.utf8Start.pointee), all.count - length - start + 1)
            {
                let offset = UnsafeRawPointer(found) - base
                if memcmp(base + offset, mark.utf8Start, length) == 0 { return offset + length }
                start = offset + 1
            }
            return nil
        }
    }
}
