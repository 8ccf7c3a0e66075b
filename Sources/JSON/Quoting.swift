/// Appends a text as a JSON string. Text that is not ASCII is written as it is.
public func quoted(_ text: some StringProtocol, into buffer: inout [UInt8]) {
    if text.utf8.withContiguousStorageIfAvailable({ quote($0, into: &buffer) }) != nil { return }
    quoted(Array(text.utf8), into: &buffer)
}

/// Appends bytes as a JSON string. Bytes that are not UTF-8 become U+FFFD each.
public func quoted(_ bytes: some Collection<UInt8>, into buffer: inout [UInt8]) {
    if bytes.withContiguousStorageIfAvailable({ quote($0, into: &buffer) }) != nil { return }
    Array(bytes).withUnsafeBufferPointer { quote($0, into: &buffer) }
}

private func quote(_ bytes: UnsafeBufferPointer<UInt8>, into buffer: inout [UInt8]) {
    buffer.append(ASCII.quote)
    var offset = 0
    while offset < bytes.count {
        let start = offset
        offset = unescapedEnd(in: bytes, from: start)
        buffer.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<offset]))
        if offset < bytes.count {
            writeEscape(of: bytes[offset], into: &buffer)
            offset += 1
        }
    }
    buffer.append(ASCII.quote)
}

/// The first byte at or after `offset` that cannot be copied into a string; the end if there is none.
private func unescapedEnd(in bytes: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
    var offset = offset
    while true {
        offset = plainASCIIEnd(in: bytes, from: offset)
        guard offset < bytes.count, let length = utf8SequenceLength(in: bytes, at: offset) else { return offset }
        offset += length
    }
}

private func writeEscape(of byte: UInt8, into buffer: inout [UInt8]) {
    switch byte {
    case ASCII.quote: buffer.append(contentsOf: #"\""#.utf8)
    case ASCII.backslash: buffer.append(contentsOf: #"\\"#.utf8)
    case ASCII.newline: buffer.append(contentsOf: #"\n"#.utf8)
    case ASCII.carriageReturn: buffer.append(contentsOf: #"\r"#.utf8)
    case ASCII.tab: buffer.append(contentsOf: #"\t"#.utf8)
    case 0x08: buffer.append(contentsOf: #"\b"#.utf8)
    case 0x0C: buffer.append(contentsOf: #"\f"#.utf8)
    case 0x80...: buffer.append(contentsOf: "\u{FFFD}".utf8)
    default:
        let digits: StaticString = "0123456789abcdef"
        buffer.append(contentsOf: #"\u00"#.utf8)
        buffer.append(digits.utf8Start[Int(byte >> 4)])
        buffer.append(digits.utf8Start[Int(byte & 15)])
    }
}
