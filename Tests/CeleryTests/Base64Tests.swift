import Supervision
import Testing

@testable import Celery

@Suite struct Base64Tests {
    @Test func bytesComeBack() {
        var random = SeededGenerator(seed: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Base64.decode(Base64.encode(bytes[...])[...]) == bytes)
        }
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("~~~", "fn5+")])
    func knownTextsAreWritten(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)[...]) == Array(encoded.utf8))
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "=", "Zm9v\n", "Zm 9v", "Zm9_", "Z===", "é===",
    ])
    func otherSpellingsAreRefused(_ text: String) {
        #expect(Base64.decode(Array(text.utf8)[...]) == nil)
    }
}
