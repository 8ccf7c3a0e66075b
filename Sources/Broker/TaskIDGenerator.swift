import Supervision
import Wire

/// Makes ids for messages that bring none: random UUIDs (version 4), as Celery's clients do.
public struct TaskIDGenerator: Sendable {
    private var random: SeededGenerator
    private static let digits = Array("0123456789abcdef".utf8)

    /// A generator whose ids depend only on the seed.
    public init(seed: UInt64) { self.random = SeededGenerator(seed: seed) }

    /// The next id: 36 characters.
    public mutating func next() -> Bytes {
        let high = self.random.next() & ~0xF000 | 0x4000
        let low = self.random.next() & ~(3 << 62) | 1 << 63
        return [UInt8](unsafeUninitializedCapacity: 36) { buffer, count in
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[count] = UInt8(ascii: "-")
                    count += 1
                }
                let word = nibble < 16 ? high : low
                buffer[count] = Self.digits[Int(word >> UInt64(60 - nibble % 16 * 4) & 15)]
                count += 1
            }
        }[...]
    }
}
