import Glibc
import Testing

@testable import Redis

@Suite struct ReplyDecoderTests {
    static let transcript =
        "+OK\r\n-WRONGTYPE no list\r\n:-42\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
        + "*3\r\n:1\r\n*2\r\n$1\r\na\r\n*1\r\n*0\r\n-ERR inner\r\n+\r\n*2\r\n$-1\r\n*-1\r\n:9223372036854775807\r\n"

    static let replies: [Reply] = [
        .status("OK"), .error(ServerError("WRONGTYPE no list")), .integer(-42), .bytes(Array("he\r\no".utf8)),
        .bytes([]), .null, .null, .array([]),
        .array([
            .integer(1), .array([.bytes(Array("a".utf8)), .array([.array([])])]), .error(ServerError("ERR inner")),
        ]),
        .status(""), .array([.null, .null]), .integer(.max),
    ]

    /// All replies that there are after some more bytes.
    static func feed(_ decoder: ReplyDecoder, _ bytes: some Collection<UInt8>) throws -> [Reply] {
        Array(bytes).withUnsafeBytes { decoder.append($0) }
        var replies: [Reply] = []
        while let reply = try decoder.next() { replies.append(reply) }
        return replies
    }

    @Test func theSplitOfTheBytesDoesNotMatter() throws {
        let bytes = Array(Self.transcript.utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                let decoder = ReplyDecoder()
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                let replies = try pieces.flatMap { try Self.feed(decoder, $0) }
                #expect(replies == Self.replies, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func bytesMayComeOneByOne() throws {
        let decoder = ReplyDecoder()
        #expect(try Self.transcript.utf8.flatMap { try Self.feed(decoder, [$0]) } == Self.replies)
    }

    @Test func aReplyComesWhenItIsWhole() throws {
        let decoder = ReplyDecoder()
        #expect(try Self.feed(decoder, "*2\r\n:1\r\n$3\r\nabc\r".utf8) == [])
        #expect(try Self.feed(decoder, "\n:7".utf8) == [.array([.integer(1), .bytes(Array("abc".utf8))])])
        #expect(try Self.feed(decoder, "\r\n".utf8) == [.integer(7)])
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "\r\n", "$x\r\n", "*x\r\n", ":x\r\n", ":99999999999999999999\r\n", "$-2\r\n",
        "*-2\r\n", "*99999999999\r\n", "$99999999999999999999\r\n", "%1\r\n+a\r\n+b\r\n", "_\r\n", "\u{0}\u{0}",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
    ]) func whatIsNoReplyIsAnError(_ text: String) throws {
        let decoder = ReplyDecoder()
        let error = #expect(throws: ProtocolError.self) { try Self.feed(decoder, text.utf8) }
        #expect(error?.text.isEmpty == false)
        // And stays one: what comes later cannot be told apart any more.
        #expect(throws: ProtocolError.self) { try Self.feed(decoder, "+OK\r\n".utf8) }
    }

    /// Memory of this process in bytes: what it has asked for, and what of that it has touched (`proc(5)`, `statm`).
    static func memory() -> (asked: Int, touched: Int) {
        let file = fopen("/proc/self/statm", "r")!
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        fgets(&line, CInt(line.count), file)
        let pages = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        return (Int(pages[5])! * 4_096, Int(pages[1])! * 4_096)
    }

    @Test(arguments: ["*2147483647\r\n", "*3\r\n*2147483647\r\n", "$9223372036854775807\r\n", "$536870912\r\n"])
    func aClaimIsNotBelieved(_ text: String) async {
        await #expect(processExitsWith: .success) { [text] in
            let before = Self.memory().asked
            let decoder = ReplyDecoder()
            let replies = try Self.feed(decoder, text.utf8)
            exit(replies.isEmpty && Self.memory().asked < before + 20_000_000 ? 0 : 1)
        }
    }

    @Test func whatIsNotReadToItsEndIsFreed() async {
        await #expect(processExitsWith: .success) {
            let bytes = Array(Self.transcript.utf8)
            func round() throws {
                for cut in 0...bytes.count { _ = try Self.feed(ReplyDecoder(), bytes[..<cut]) }
                for garbage in ["*2\r\n*2\r\n+a\r\nx", "*1\r\n$-5\r\n"] {
                    _ = try? Self.feed(ReplyDecoder(), garbage.utf8)
                }
            }
            for _ in 0..<20 { try round() }
            let before = Self.memory().touched
            for _ in 0..<300 { try round() }
            // One lost node for each reply that was cut would be tens of millions.
            exit(Self.memory().touched < before + 4_000_000 ? 0 : 1)
        }
    }

    @Test func answersAreReadAsWhatTheyAre() {
        #expect(Reply.status("OK").asText == "OK")
        #expect(Reply.bytes(Array("12".utf8)).asInt == 12)
        #expect(Reply.bytes(Array("x".utf8)).asInt == nil)
        #expect(Reply.integer(3).asInt == 3)
        #expect(Reply.integer(3).asBytes == nil)
        #expect(Reply.array([.null]).asArray == [.null])
        #expect(Reply.null.asArray == nil)
    }
}
