import CeleriacClient
import Celery
import EngineSupport
import Foundation
import JSON
import Testing

extension RedisTests {
    /// What arrives at the broker, and what is said when it is not known.
    @Suite struct ClientSendingTests {
        @Test func messageIsWhatCelerysClientWrites() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            var options = SendOptions(queue: "video", id: "one", countdown: .seconds(60), priority: 4)
            options.expires = .after(.seconds(90))
            options.timeLimit = .seconds(5)
            options.softTimeLimit = .milliseconds(2_500)
            options.headers = ["tenant": "blue"]
            let before = Date().timeIntervalSince1970
            try await client.send("tasks.add", 1, keywords: ["y": 2], options: options)
            let list = "video\u{6}\u{16}3"
            let bytes = Array((try server.command("LINDEX", list, "0").text ?? "").utf8)
            let message = try Envelope(parsing: bytes[...])
            let headers = try TaskHeaders(message.headers)
            #expect(headers.task == "tasks.add")
            #expect(headers.id == "one")
            #expect(headers.rootID == "one")
            #expect(headers.argsRepr == "(1,)")
            #expect(headers.kwargsRepr == "{'y': 2}")
            #expect(headers.timeLimits == TimeLimits(hard: JSONNumber(5), soft: JSONNumber(2.5)))
            #expect(headers.ignoreResult == false)
            #expect(headers.others["tenant"]?.text == "blue")
            let eta = try #require(headers.eta).seconds
            #expect(eta >= before + 59.9 && eta < before + 70)
            #expect(try #require(headers.expires).seconds > eta)
            #expect(message.properties["correlation_id"]?.text == "one")
            #expect(message.properties["priority"]?.integer == 4)
            #expect(message.properties["delivery_info"]?.description.contains("\"video\"") == true)
            let members = try server.command("SMEMBERS", "_kombu.binding.video").texts
            #expect(members == ["video\u{6}\u{16}\u{6}\u{16}video"])
        }

        @Test func batchOfTenThousandArrivesInOrder() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            let calls = try (0..<10_000).map { number in
                try TaskCall("tasks.identity", number, options: SendOptions(id: "n\(number)", priority: number % 2 * 9))
            }
            let handles = try await client.sendBatch(calls)
            #expect(handles.map(\.id) == calls.map { $0.options.id })
            for (list, first) in [("celery", "n0"), ("celery\u{6}\u{16}9", "n1")] {
                #expect(try server.command("LLEN", list).integer == 5_000)
                let bytes = Array((try server.command("LINDEX", list, "-1").text ?? "").utf8)
                #expect(try TaskHeaders(Envelope(parsing: bytes[...]).headers).id == first)
            }
        }

        @Test func unreachableServerIsToldAtOnceOrInTime() async throws {
            let port = try LocalSocket.freePort()
            var options = ClientOptions()
            options.timeout = .milliseconds(300)
            let patient = try Client("redis://127.0.0.1:\(port)", options: options)
            let late = await #expect(throws: ClientError.self) { try await patient.send("tasks.add", 1, 2) }
            #expect(late?.code == .unreachable)
            options.timeout = .seconds(600)
            options.waitsForServer = false
            let impatient = try Client("redis://127.0.0.1:\(port)", options: options)
            let early = await #expect(throws: ClientError.self) { try await impatient.send("tasks.add", 1, 2) }
            #expect(early?.code == .unreachable)
            #expect(early?.message.contains("127.0.0.1:\(port)") == true)
        }

        @Test func serverThatComesLateIsWaitedFor() async throws {
            let server = try RedisServer(["appendonly": "yes"])
            let client = try server.makeClient()
            try await client.send("tasks.add", 1, 2)
            try server.kill()
            let sending = Task { try await client.send("tasks.add", 3, 4) }
            try server.restart()
            _ = try await sending.value
            #expect(try server.command("LLEN", "celery").integer == 2)
        }

        @Test func lostAnswerIsUncertainOrSentAgain() async throws {
            let server = try RedisServer()
            let (client, other) = (try server.makeClient(), try server.makeClient())
            try server.command("CLIENT", "PAUSE", "60000", "WRITE")
            let plain = Task { try await client.send("tasks.add", 1, 2) }
            var options = SendOptions(id: "again")
            options.whenUncertain = .sendAgain
            let again = Task { [options] in try await other.send("tasks.add", 3, 4, options: options) }
            try await eventually("two commands that wait") {
                try server.command("INFO", "clients").text?.contains("blocked_clients:2") == true
            }
            try server.kill()
            let error = await #expect(throws: ClientError.self) { try await plain.value }
            #expect(error?.code == .uncertain)
            try server.restart()
            _ = try await again.value
            #expect(try server.command("LLEN", "celery").integer == 1)
        }

        @Test func refusalOfTheServerIsToldAndNothingIsSent() async throws {
            let server = try RedisServer(["requirepass": "open-sesame"])
            var options = ClientOptions()
            options.waitsForServer = false
            for login in ["", ":wrong@"] {
                let client = try Client("redis://\(login)127.0.0.1:\(server.port)/0", options: options)
                let error = await #expect(throws: ClientError.self) { try await client.send("tasks.add", 1, 2) }
                #expect(error?.message.contains("wrong@") == false)
                #expect(error?.message.contains(login.isEmpty ? "NOAUTH" : "WRONGPASS") == true)
            }
            let client = try Client("redis://:open-sesame@127.0.0.1:\(server.port)/0")
            try server.command("SET", "celery", "no list")
            let error = await #expect(throws: ClientError.self) { try await client.send("tasks.add", 1, 2) }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("WRONGTYPE") == true)
        }

        @Test func batchSaysWhatWasSentAndWhatNot() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            try server.command("SET", "bad", "no list")
            let calls = try ["good", "bad"].map { name in
                try TaskCall("tasks.add", 1, 2, options: SendOptions(queue: name, id: name))
            }
            let error = await #expect(throws: BatchError.self) { try await client.sendBatch(calls) }
            #expect(error?.sent == ["good"])
            #expect(error?.unsent == ["bad"])
            #expect(error?.uncertain == [])
        }

        @Test func unusableCallsAndURLsAreErrors() async throws {
            for url in ["http://localhost", "redis://", "redis://host/one", "redis+socket://"] {
                let error = #expect(throws: ClientError.self) { try Client(url) }
                #expect(error?.code == .invalid)
            }
            let client = try Client("redis://127.0.0.1:1")
            for options in [SendOptions(queue: ""), SendOptions(id: ""), SendOptions(priority: 10)] {
                let error = await #expect(throws: ClientError.self) { try await client.send("t", options: options) }
                #expect(error?.code == .invalid)
            }
            let error = await #expect(throws: ClientError.self) { try await client.send("t", Double.nan) }
            #expect(error?.code == .notEncodable)
            let results = await #expect(throws: ClientError.self) { try await client.result(of: "x").state() }
            #expect(results?.code == .noResultBackend)
        }
    }
}
