import Celery
import RemoteControl
import Testing

struct EventTests {
    private static func body(_ message: [UInt8]) throws -> CeleryValue {
        try BodyDecoder().value(of: Envelope(parsing: message[...]))
    }

    @Test func eventsOfTasksGoOutTogether() throws {
        var batch = EventBatch(node: "w1@host", pid: 12)
        for id in ["a", "b\"é"] {
            batch.begin(clock: 3)
            batch.add("uuid", text: Array(id.utf8)[...])
            batch.add("root_id", text: nil as ArraySlice<UInt8>?)
            batch.add("eta", raw: Array("\"x\"".utf8)[...])
            batch.add("runtime", seconds: 1_500_000_000)
            batch.end("task-succeeded", at: 1_795_426_164_073_747_200)
        }
        #expect(batch.count == 2)
        let message = batch.takeMessage("task.multi", deliveryTag: "t")
        #expect(batch.count == 0)
        let expected: CeleryValue = [
            "hostname": "w1@host", "utcoffset": 0, "pid": 12, "clock": 3, "uuid": "a", "root_id": nil, "eta": "x",
            "runtime": CeleryValue(1.5), "timestamp": CeleryValue(1_795_426_164.073747), "type": "task-succeeded",
        ]
        let events = try #require(Self.body(message).asArray)
        #expect(events.count == 2)
        for (key, value) in zip(expected.asObject!.keys, expected.asObject!.members.map(\.value)) {
            if key == "runtime" || key == "timestamp" { continue }
            #expect(events[0][key] == value, "\(key)")
        }
        #expect(events[1]["uuid"] == "b\"é")
        let envelope = try Envelope(parsing: message[...])
        #expect(envelope.routingKey == "task.multi")
        #expect(envelope.exchange == "celeryev")
        #expect(envelope.headers["hostname"]?.text == "w1@host")
    }

    @Test func eventByItselfIsNoArray() throws {
        var batch = EventBatch(node: "w1@host", pid: 12)
        batch.begin(clock: 1)
        batch.end("worker-online", at: 5)
        #expect(try Self.body(batch.takeMessage("worker.online", deliveryTag: "t"))["type"] == "worker-online")
    }

    @Test(arguments: [
        ("null", "None"), ("true", "True"), ("[1,false]", "[1, False]"), (#"{"a": null}"#, "{'a': None}"),
        (#""it's""#, #"'it\'s'"#), (#""a\n\u00e9\"""#, "'a\\né\"'"), (#""\ud83d\ude00""#, "'😀'"), ("", ""),
        ("NaN", "nan"), ("\"ab", "'ab"), (#""\ud8"#, "'\u{FFFD}"),
    ])
    func jsonIsShownAsPythonShowsIt(json: String, shown: String) {
        #expect(String(decoding: pythonView(ofJSON: Array(json.utf8)[...]), as: UTF8.self) == shown)
    }

    @Test func longValuesAreCut() {
        let json = Array(("[" + String(repeating: "1,", count: 5_000) + "1]").utf8)
        let shown = pythonView(ofJSON: json[...])
        #expect(shown.count < 1_040)
        #expect(shown.suffix(3).elementsEqual("...".utf8))
    }

    @Test func clocksOrderWhatWasHeardOf() {
        var clock = LamportClock()
        #expect(clock.tick() == 1)
        clock.heard(10)
        #expect(clock.time == 11)
        clock.heard(5)
        clock.heard(nil)
        #expect(clock.tick() == 14)
        clock.heard(.max)
        clock.heard(-5)
        #expect(clock.time == 16)
    }
}
