import JSON
import Supervision
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func randomDocumentsComeBackByteForByte(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let document = JSONValue.random(depth: 5, using: &generator)
        let bytes = document.serialized()
        let parsed = try JSONValue(parsing: bytes)
        #expect(parsed == document)
        #expect(parsed.hashValue == document.hashValue)
        #expect(parsed.serialized() == bytes)
        #expect(try JSONSlice(validating: bytes[...]).bytes == bytes[...])
        #expect(try JSONCoder.decode(JSONValue.self, from: bytes) == document)
        #expect(try JSONCoder.encode(document) == document)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func mutatedDocumentsNeverTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let original = JSONValue.random(depth: 4, using: &generator).serialized()
        for _ in 0..<200 {
            var bytes = original
            for _ in 0...generator.next() % 4 { Self.mutate(&bytes, using: &generator) }
            let built = try? JSONValue(parsing: bytes)
            let scanned = try? JSONSlice(validating: bytes[...])
            #expect((built == nil) == (scanned == nil))
            if let built { #expect(try! JSONValue(parsing: built.serialized()) == built) }
        }
    }

    private static func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let position = Int(generator.next() % UInt64(bytes.count + 1))
        let token = Array(
            ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\uD800", "1", "-", ".", "e", "\0", "é", "null"]
                .randomElement(using: &generator)!.utf8
        )
        switch generator.next() % 4 {
        case 0: bytes.insert(contentsOf: token, at: position)
        case 1: bytes.removeSubrange(position..<min(bytes.count, position + Int(generator.next() % 4)))
        case 2 where position < bytes.count: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
        default: bytes.append(contentsOf: bytes.suffix(from: position).prefix(20))
        }
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "123456789012345678901234567890", "1.0", "1.10", "1e5", "1E+05", "-0.0",
        "0e0", "1e999", "0.1000000000000000055511151231257827",
    ])
    func numbersKeepTheirText(text: String) throws {
        #expect(try JSONValue(parsing: text.utf8).serialized() == Array(text.utf8))
        #expect(JSONNumber(text)?.description == text)
    }

    @Test func aNumberOfManyDigitsIsKeptUpToTheLimit() throws {
        let digits = [UInt8](repeating: 0x37, count: 4300)
        #expect(try JSONValue(parsing: digits).serialized() == digits)
        #expect(throws: JSONError(.numberTooLong, at: 0)) { try JSONValue(parsing: digits + [0x37]) }
        #expect(throws: JSONError(.numberTooLong, at: 1)) { try JSONSlice(validating: ([0x20] + digits + [0x37])[...]) }
    }
}
