import Glibc
import JSON
import Testing

@testable import Celery

/// The rows of `docs/threat-model.md` about the form of messages: an error at once, and no memory for what is claimed.
@Suite struct ThreatTests {
    private static let tail = #""properties": {"delivery_tag": "t"}}"#

    private func message(headers: String, body: String = #""e30=""#) -> [UInt8] {
        Array(#"{"body": \#(body), "headers": \#(headers), \#(Self.tail)"#.utf8)
    }

    /// CPU time of this thread, which other programs of the machine do not lengthen.
    private func cpuMilliseconds(_ work: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
        }
        let start = now()
        work()
        return now() - start
    }

    @Test(arguments: [65, 512, 10_000, 100_000, 1_000_000])
    func depthBombsEndAtTheLimit(depth: Int) {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let bomb = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            let bytes = self.message(headers: #"{"task": "t", "id": "1", "x": \#(bomb)}"#)
            let milliseconds = self.cpuMilliseconds {
                #expect(throws: EnvelopeError.self) { try MessageHead(scanning: bytes[...]) }
                #expect(throws: EnvelopeError.self) { try Envelope(parsing: bytes[...]) }
            }
            #expect(milliseconds < 50, "no more than what comes before the limit is looked at")
            let body = Array(bomb.utf8)
            if depth > 128 { #expect(throws: BodyError.self) { try CeleryValue(parsing: body[...]) } }
        }
    }

    @Test func objectsWithMillionsOfMembersAreRefused() throws {
        let names = (0..<Fields.mostMembers + 10).map { "\"h\($0)\": 1" }.joined(separator: ", ")
        let bytes = self.message(headers: #"{"task": "t", "id": "1", \#(names)}"#)
        for read in [{ _ = try MessageHead(scanning: bytes[...]) }, { _ = try Envelope(parsing: bytes[...]) }] {
            let error = #expect(throws: EnvelopeError.self) { try read() }
            guard case .invalidJSON(let json)? = error?.code else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(json.code == .tooManyMembers)
        }
    }

    @Test(arguments: ["task", "id", "eta", "x"])
    func duplicateNamesAreRefused(name: String) {
        let bytes = self.message(headers: #"{"task": "t", "id": "1", "eta": null, "x": 1, "\#(name)": "u"}"#)
        let error = #expect(throws: EnvelopeError.self) { try MessageHead(scanning: bytes[...]) }
        #expect("\(error!)".contains("already has"))
        let escaped = self.message(headers: #"{"task": "t", "id": "1", "\u0074ask": "u"}"#)
        #expect(throws: EnvelopeError.self) { try MessageHead(scanning: escaped[...]) }
    }

    @Test func hundredThousandDuplicatesOfABodyAreOneMember() throws {
        let body = Array("{\(String(repeating: #""a": 1, "#, count: 100_000))\"a\": 2}".utf8)
        #expect(try CeleryValue(parsing: body[...])["a"] == 2)
    }

    /// Numbers are kept as they were written, or refused; none is rounded.
    @Test(arguments: [
        "18446744073709551616", "-9223372036854775809", "1e400", "1e-400", "0.1000000000000000055511151231257827",
        String(repeating: "9", count: 4_300),
    ]) func numbersAreNotRounded(text: String) throws {
        let value = try CeleryValue(parsing: Array("[\(text)]".utf8)[...])
        #expect(try String(decoding: value.json(), as: UTF8.self) == "[\(text)]")
        let retries = self.message(headers: #"{"task": "t", "id": "1", "retries": \#(text)}"#)
        #expect(throws: EnvelopeError.self) { try MessageHead(scanning: retries[...]) }
    }

    @Test func numberBombsAreRefused() {
        for text in [String(repeating: "9", count: 4_301), "1e" + String(repeating: "9", count: 1_000_000)] {
            let body = Array("[\(text)]".utf8)
            #expect(throws: BodyError.self) { try CeleryValue(parsing: body[...]) }
            let bytes = self.message(headers: #"{"task": "t", "id": "1", "x": \#(text)}"#)
            #expect(throws: EnvelopeError.self) { try MessageHead(scanning: bytes[...]) }
        }
    }

    @Test func textsThatAreNoTextsAreRefused() {
        for text: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], Array(#"\ud800"#.utf8), [0x0A], [0x00]] {
            let bytes =
                Array(#"{"body": "", "headers": {"task": ""#.utf8) + text
                + Array(#"", "id": "1"}, "properties": {"delivery_tag": "t"}}"#.utf8)
            #expect(throws: EnvelopeError.self) { try MessageHead(scanning: bytes[...]) }
        }
    }
}
