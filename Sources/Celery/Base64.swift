/// Base64 with the standard alphabet and padding. Every value has exactly one spelling; any other is refused.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    /// The value of each byte; ``notADigit`` for what is not in the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: notADigit, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()
    private static let notADigit: UInt8 = 0x80

    /// The bytes that a text stands for; `nil` when it is not base64.
    public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        let digits = text.dropLast(text.suffix(2).count { $0 == self.padding })
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        let isValid = digits.withUnsafeBufferPointer { digits in
            let whole = digits.count & ~3
            for index in stride(from: 0, to: whole, by: 4) {
                guard let bits = self.bits(digits[index..<index + 4]) else { return false }
                bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
                bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
                bytes.append(UInt8(truncatingIfNeeded: bits))
            }
            return self.appendLast(digits[whole...], to: &bytes)
        }
        return isValid ? bytes : nil
    }

    /// Appends what is left of the last group: 2 digits are one byte, 3 are two. The bits to spare must be zero.
    private static func appendLast(_ digits: Slice<UnsafeBufferPointer<UInt8>>, to bytes: inout [UInt8]) -> Bool {
        guard let bits = self.bits(digits) else { return false }
        switch digits.count {
        case 0: return true
        case 2 where bits & 0xF == 0: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
        case 3 where bits & 0x3 == 0:
            bytes.append(UInt8(truncatingIfNeeded: bits >> 10))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
        default: return false
        }
        return true
    }

    @inline(__always)
    private static func bits(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32? {
        var bits: UInt32 = 0
        var all: UInt8 = 0
        for digit in digits {
            let value = self.values[Int(digit)]
            all |= value
            bits = bits << 6 | UInt32(value)
        }
        return all & self.notADigit == 0 ? bits : nil
    }

    /// The text for bytes.
    public static func encode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        bytes.withUnsafeBufferPointer { bytes in
            for index in stride(from: 0, to: bytes.count, by: 3) {
                let count = min(3, bytes.count - index)
                let second = count > 1 ? bytes[index + 1] : 0
                let third = count > 2 ? bytes[index + 2] : 0
                let bits = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
                text.append(self.digit(bits >> 18))
                text.append(self.digit(bits >> 12))
                text.append(count > 1 ? self.digit(bits >> 6) : self.padding)
                text.append(count > 2 ? self.digit(bits) : self.padding)
            }
        }
        return text
    }

    private static func digit(_ bits: UInt32) -> UInt8 { self.alphabet[Int(bits & 0x3F)] }
}
