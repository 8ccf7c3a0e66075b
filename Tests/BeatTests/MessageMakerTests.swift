import Beat
import Celery
import EngineSupport
import Foundation
import JSON
import Schedules
import Testing

struct MessageMakerTests {
    private static let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/celery/messages/beat-tasks-add.json")

    /// The same as the message that Celery's beat sent, but for what is new each time and for headers of its own.
    @Test func aMessageIsThatOfCelerysBeat() throws {
        let theirs = try JSONValue(parsing: Array(Data(contentsOf: Self.fixture)))
        var entry = BeatEntry(
            name: "sums", task: "tasks.add", arguments: [16, 16],
            schedule: .interval(milliseconds: 1_000))
        entry.expires = 15_000
        let expires = try #require(ISO8601.seconds(parsing: theirs["headers"]?["expires"]?.text ?? ""))
        let time = WallInstant(milliseconds: Int64(expires * 1_000) - 15_000)
        let bytes = try MessageMaker(origin: "gen19461@host.example", signer: nil).message(
            entry, due: WallInstant(milliseconds: 1_000), id: theirs["headers"]?["id"]?.text ?? "",
            deliveryTag: theirs["properties"]?["delivery_tag"]?.text ?? "", at: time)
        let ours = try JSONValue(parsing: bytes)

        #expect(ours["body"] == theirs["body"])
        let own = ["periodic_task_name", "celeriac_due"]
        #expect(Self.names(ours["headers"]) == Self.names(theirs["headers"]).subtracting(["x-by"]).union(own))
        for name in Self.names(theirs["headers"]).subtracting(["x-by", "expires", "argsrepr"]) {
            #expect(ours["headers"]?[name] == theirs["headers"]?[name], "\(name)")
        }
        #expect(
            ISO8601.seconds(parsing: ours["headers"]?["expires"]?.text ?? "").map { abs($0 - expires) < 0.001 } == true)
        #expect(ours["headers"]?["periodic_task_name"] == "sums")
        #expect(ours["headers"]?["celeriac_due"] == "1970-01-01T00:00:01Z")
        #expect(Self.names(ours["properties"]) == Self.names(theirs["properties"]).subtracting(["reply_to"]))
        for name in Self.names(ours["properties"]) {
            #expect(ours["properties"]?[name] == theirs["properties"]?[name], "\(name)")
        }
    }

    private static func names(_ value: JSONValue?) -> Set<String> {
        guard case .object(let object)? = value else { return [] }
        return Set(object.map(\.key))
    }
}
