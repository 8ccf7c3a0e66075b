/// The length of the well-formed UTF-8 sequence of two to four bytes that starts at `offset`; `nil` if there is none.
///
/// Refuses overlong forms, surrogates and scalars above U+10FFFF, as the table of the Unicode standard (3-7) does.
@inline(__always)
func utf8SequenceLength(in bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int? {
    let left = bytes.count - offset
    func continues(_ index: Int) -> Bool { bytes[offset + index] & 0xC0 == 0x80 }
    let first = bytes[offset]
    switch first {
    case 0xC2...0xDF:
        return left >= 2 && continues(1) ? 2 : nil
    case 0xE0...0xEF:
        guard left >= 3, continues(1), continues(2) else { return nil }
        let second = bytes[offset + 1]
        return first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F ? nil : 3
    case 0xF0...0xF4:
        guard left >= 4, continues(1), continues(2), continues(3) else { return nil }
        let second = bytes[offset + 1]
        return first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F ? nil : 4
    default:
        return nil
    }
}

/// The first byte at or after `offset` that is not ASCII or that a JSON string must escape; the end if there is none.
///
/// Looks at eight bytes at a time. Borrows only spoil bytes of a word after the first hit, and only that one counts.
@inline(__always)
public func plainASCIIEnd(in bytes: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highBits = ones << 7
    let raw = UnsafeRawBufferPointer(bytes)
    var offset = offset
    while offset + 8 <= raw.count {
        let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let quotes = word ^ (ones &* UInt64(ASCII.quote))
        let backslashes = word ^ (ones &* UInt64(ASCII.backslash))
        let controls = (word &- ones &* 0x20) & ~word
        let hits = (((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | controls | word) & highBits
        if hits != 0 { return offset + hits.trailingZeroBitCount / 8 }
        offset += 8
    }
    while offset < bytes.count {
        let byte = bytes[offset]
        if byte < 0x20 || byte >= 0x80 || byte == ASCII.quote || byte == ASCII.backslash { break }
        offset += 1
    }
    return offset
}
