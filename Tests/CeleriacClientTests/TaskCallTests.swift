import Celery
import Foundation
import JSON
import Testing

@testable import CeleriacClient

struct TaskCallTests {
    private struct Letter: Encodable {
        var to: String
        var pages: Int?
    }

    @Test func swiftValuesBecomeArguments() throws {
        let call = try TaskCall("t", 1, "x", [true], Letter(to: "Ada"), keywords: ["b": 2, "a": 1.5])
        #expect(call.arguments == [1, "x", [true], ["to": "Ada"]])
        #expect(call.keywords.keys == ["a", "b"])
    }

    @Test func messageCarriesItsOptions() throws {
        let client = try Client("redis://127.0.0.1:1")
        var options = SendOptions(eta: Date(timeIntervalSince1970: 4_000_000_000), expires: .after(.seconds(60)))
        options.link = [Signature(task: "next")]
        options.ignoresResult = true
        options.parentID = "parent"
        let message = try client.message(try TaskCall("t", options: options))
        let envelope = try Envelope(parsing: message.bytes[...])
        let headers = try TaskHeaders(envelope.headers)
        #expect(headers.eta?.seconds == 4_000_000_000)
        #expect(headers.ignoreResult == true)
        #expect(headers.parentID == "parent")
        #expect(headers.rootID == message.id)
        let body = try TaskBody(try BodyDecoder().value(of: envelope))
        #expect(body.embed.callbacks.map(\.task) == ["next"])
        #expect(message.list == "celery")
        #expect(!message.isRepeatable)
    }

    @Test func countdownWinsOverEta() throws {
        let client = try Client("redis://127.0.0.1:1")
        let eta = Date(timeIntervalSince1970: 4_000_000_000)
        for (countdown, expected) in [(Duration.zero, false), (.seconds(5), true)] {
            let options = SendOptions(countdown: countdown, eta: eta)
            let envelope = try Envelope(parsing: try client.message(try TaskCall("t", options: options)).bytes[...])
            let seconds = try TaskHeaders(envelope.headers).eta?.seconds
            #expect((seconds != nil) == expected)
            #expect(seconds ?? 0 < 4_000_000_000)
        }
    }
}

struct StoredDocumentTests {
    @Test func documentIsReadInWhateverFormItIs() throws {
        let written = ResultDocument(taskID: "i", state: .success, result: RawJSON(5))
        for serializer in Celery.Serializer.allCases {
            let read = try ResultDocument(stored: try written.serialized(serializer)[...])
            #expect(read.state == .success)
            #expect(read.result.integer == 5)
            let compressed = try CompressedResult.serialized(written.serialized(serializer)[...], .zstd)
            #expect(try ResultDocument(stored: compressed[...]).taskID == "i")
        }
    }

    @Test(arguments: ["", "{}", "\u{0}", "{\"status\": 1}", "- a"])
    func otherBytesAreAnError(text: String) {
        #expect(throws: BodyError.self) { try ResultDocument(stored: Array(text.utf8)[...]) }
    }
}

struct RandomIDTests {
    @Test func idIsAUUIDOfVersionFour() {
        #expect(RandomID.text(high: 0, low: 0) == "00000000-0000-4000-8000-000000000000")
        #expect(RandomID.text(high: .max, low: .max) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(RandomID.text(high: 0x0123_4567_89AB_CDEF, low: 1) == "01234567-89ab-4def-8000-000000000001")
        #expect(Set((0..<1_000).map { _ in RandomID.make() }).count == 1_000)
    }
}
