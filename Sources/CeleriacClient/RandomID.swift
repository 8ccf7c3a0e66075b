/// New ids of tasks and messages.
enum RandomID {
    private static let digits = Array("0123456789abcdef".utf8)

    /// A random UUID (version 4) in its usual form, as Celery's client makes them. Foundation's opens a file for each.
    static func make() -> String {
        self.text(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }

    /// The UUID of these bits; those that tell version and variant are set.
    static func text(high: UInt64, low: UInt64) -> String {
        let words = (high & ~0xF000 | 0x4000, low & ~(3 << 62) | 1 << 63)
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var count = 0
            for nibble in 0..<32 {
                if [8, 12, 16, 20].contains(nibble) {
                    buffer[count] = UInt8(ascii: "-")
                    count += 1
                }
                let word = nibble < 16 ? words.0 : words.1
                buffer[count] = Self.digits[Int(word >> UInt64(60 - nibble % 16 * 4) & 15)]
                count += 1
            }
            return count
        }
    }
}
