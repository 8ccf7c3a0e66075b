import Celery
import JSON
import Testing

@testable import CeleriacClient

struct DeadLetterRecordTests {
    private static let message = """
        {"body": "W10=", "content-type": "application/json", "content-encoding": "utf-8", "headers": {"task": "t", \
        "id": "i", "celeriac_losses": 2, "redelivered": true}, "properties": {"correlation_id": "i", "priority": 6, \
        "delivery_info": {"exchange": "", "routing_key": "q", "redelivered": true}, "delivery_tag": "d"}}
        """

    private func record(_ members: JSONObject) -> DeadLetterRecord {
        DeadLetterRecord(id: "l", stored: JSONValue.object(members).serialized())
    }

    @Test func messageBeginsAnew() throws {
        let record = self.record(["queue": "q", "task_id": "i", "message": .string(Self.message)])
        #expect(record.isReplayable)
        let fresh = try Envelope(parsing: try #require(record.freshMessage())[...])
        #expect(fresh.losses == 0)
        #expect(!fresh.isRedelivered)
        #expect(fresh.headers["task"]?.text == "t")
        let keys = try #require(record.keys(BrokerKeys(prefix: "x:")))
        #expect(keys.list == "x:q\u{6}\u{16}6")
        #expect(keys.deliveries == "x:celeriac.deliveries.i")
    }

    @Test func messageOfOtherBytesComesBackAsItWas() throws {
        let record = self.record(["queue": "q", "priority": 9, "message_base64": "/wA="])
        #expect(!record.isReplayable)
        #expect(record.freshMessage() == [255, 0])
        #expect(record.keys(BrokerKeys())?.list == "q\u{6}\u{16}9")
    }

    @Test(arguments: ["", "[]", "{", "{}", #"{"queue": 5, "message": "x"}"#, #"{"queue": "q", "message_base64": "?"}"#])
    func recordThatSaysTooLittleIsNotReplayed(text: String) {
        let record = DeadLetterRecord(id: "l", stored: Array(text.utf8))
        #expect(!record.isReplayable)
        #expect(record.message == nil || record.keys(BrokerKeys()) == nil)
    }
}
