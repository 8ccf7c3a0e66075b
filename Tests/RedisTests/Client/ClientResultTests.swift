import CeleriacClient
import EngineSupport
import Foundation
import JSON
import Testing

extension RedisTests {
    /// Tasks and their results through a real server and a real worker.
    @Suite struct ClientResultTests {
        @Test func valuesOfEveryKindComeBackAsTheyWere() async throws {
            let server = try RedisServer()
            let worker = try Program(worker: server)
            let client = try server.makeClient()
            let values: [JSONValue] = [
                nil, true, false, 0, -7, 1.5, "", "naïve \u{1F600} \"quoted\" \\ \n", [], [1, [2, [nil]]],
                ["a": 1, "b": ["c": [true]]],
            ]
            for value in values {
                #expect(try await client.send("tasks.identity", value).value(timeout: .seconds(20)) == value)
            }
            let long = JSONNumber("123456789012345678901234567890")!
            let handle = try await client.send("tasks.identity", JSONValue.number(long))
            #expect(try await handle.value(timeout: .seconds(20)) == .number(long))
            try worker.end()
        }

        @Test func typedTaskTakesAndGivesSwiftValues() async throws {
            let server = try RedisServer()
            let worker = try Program(worker: server)
            let client = try server.makeClient()
            let add = RemoteTask("tasks.add", arguments: Int.self, Int.self, returning: Int.self)
            #expect(try await client.send(add, 2, 3).value(timeout: .seconds(20)) == 5)
            let byName = try await client.send("tasks.add", keywords: ["x": 2, "y": 40], returning: Int.self)
            #expect(try await byName.value(timeout: .seconds(20)) == 42)
            let wrong = try await client.send("tasks.add", "a", "b", returning: Int.self)
            let error = await #expect(throws: ClientError.self) { try await wrong.value(timeout: .seconds(20)) }
            #expect(error?.code == .undecodable)
            try worker.end()
        }

        @Test func failureTellsItsErrorAndLateReadersGetIt() async throws {
            let server = try RedisServer()
            let worker = try Program(worker: server, ["--max-retries", "0"])
            let client = try server.makeClient()
            let handle = try await client.send("tasks.fail", "no luck")
            let error = await #expect(throws: TaskError.self) { try await handle.value(timeout: .seconds(20)) }
            #expect(error?.type == "DemoError")
            #expect(error?.message == "no luck")
            #expect(error?.id == handle.id)
            let other = try server.makeClient()
            #expect(try await other.result(of: handle.id).result(timeout: .seconds(20)).state == .failure)
            #expect(try await other.result(of: handle.id).state() == .failure)
            try await other.result(of: handle.id).forget()
            #expect(try await other.result(of: handle.id).state() == .pending)
            try worker.end()
        }

        @Test func waitEndsAtItsTimeout() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            let handle = try await client.send("tasks.add", 1, 2)
            let start = ContinuousClock.now
            let error = await #expect(throws: ClientError.self) { try await handle.value(timeout: .milliseconds(100)) }
            #expect(error?.code == .timedOut)
            #expect(ContinuousClock.now - start >= .milliseconds(100))
        }

        @Test func cancelledWaitEndsAndItsResultCanStillBeRead() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            let handle = try await client.send("tasks.add", 1, 2, returning: Int.self)
            let waiting = Task { try await handle.value() }
            try await eventually("a subscription") {
                try server.command("PUBSUB", "CHANNELS", "*\(handle.id)").texts.count == 1
            }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            try await eventually("the end of the subscription") {
                try server.command("PUBSUB", "CHANNELS").texts.isEmpty
            }
            let worker = try Program(worker: server)
            #expect(try await handle.value(timeout: .seconds(20)) == 3)
            try worker.end()
        }

        @Test func hundredTasksWaitAtTheSameTime() async throws {
            let server = try RedisServer()
            let worker = try Program(worker: server)
            let client = try server.makeClient()
            let sums = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let handle = try await client.send("tasks.add", number, 1, returning: Int.self)
                        return try await handle.value(timeout: .seconds(30))
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sums == 5_050)
            try worker.end()
        }

        @Test func waitsOutliveARestartOfTheServer() async throws {
            let server = try RedisServer(["appendonly": "yes"])
            let client = try server.makeClient()
            let handles = try await client.sendBatch((0..<50).map { try TaskCall("tasks.identity", $0) })
            let waiting = Task {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for handle in handles {
                        group.addTask {
                            try await client.result(of: handle.id, as: Int.self).value(timeout: .seconds(60))
                        }
                    }
                    return try await group.reduce(0, +)
                }
            }
            try await eventually("subscriptions") {
                try server.command("PUBSUB", "CHANNELS").texts.count == 50
            }
            try server.kill()
            try server.restart()
            let worker = try Program(worker: server)
            #expect(try await waiting.value == 1_225)
            try worker.end()
        }

        @Test func waitsOutliveCutConnections() async throws {
            let server = try RedisServer()
            let proxy = try FaultProxy(to: server.port)
            let client = try Client(server.url(through: proxy), resultBackend: server.url(through: proxy, database: 1))
            let handle = try await client.send("tasks.add", 1, 2, returning: Int.self)
            let waiting = Task { try await handle.value(timeout: .seconds(60)) }
            try await eventually("a subscription") { try server.command("PUBSUB", "CHANNELS").texts.count == 1 }
            proxy.cutAll()
            try await eventually("the end of it") { try server.command("PUBSUB", "CHANNELS").texts.isEmpty }
            let worker = try Program(worker: server)
            #expect(try await waiting.value == 3)
            #expect(proxy.counts.cuts > 0)
            try worker.end()
        }

        @Test func closeEndsWaitsAndLaterCalls() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            let handle = try await client.send("tasks.add", 1, 2)
            let waiting = Task { try await handle.value() }
            try await eventually("a subscription") {
                try server.command("PUBSUB", "CHANNELS").texts.count == 1
            }
            await client.close()
            let error = await #expect(throws: ClientError.self) { try await waiting.value }
            #expect(error?.code == .closed)
            let later = await #expect(throws: ClientError.self) { try await client.send("tasks.add", 1, 2) }
            #expect(later?.code == .closed)
            await client.close()
        }

        @Test func droppedClientClosesItsConnections() async throws {
            let server = try RedisServer()
            var client: Client? = try server.makeClient()
            try await client?.send("tasks.add", 1, 2)
            #expect(try server.command("CLIENT", "LIST").text?.contains("name=celeriac-client ") == true)
            let before = try server.command("CLIENT", "LIST").text?.split(separator: "\n").count
            client = nil
            try await eventually("the end of its connection") {
                try server.command("CLIENT", "LIST").text?.split(separator: "\n").count == before! - 1
            }
        }

        @Test func optionsReachTheTaskAndCallbacksRun() async throws {
            let server = try RedisServer()
            let worker = try Program(worker: server)
            let client = try server.makeClient()
            for (serializer, compression) in [(Serializer.messagePack, CompressionFormat.zstd), (.json, .bzip2)] {
                var options = SendOptions()
                options.serializer = serializer
                options.compression = compression
                let handle = try await client.send(
                    "tasks.identity", String(repeating: "x", count: 5_000), options: options, returning: String.self)
                #expect(try await handle.value(timeout: .seconds(20)).count == 5_000)
            }
            var options = SendOptions()
            options.link = [
                Signature(task: "tasks.add", args: [10], options: ["task_id": "linked", "queue": "celery"])
            ]
            try await client.send("tasks.add", 1, 2, options: options)
            #expect(try await client.result(of: "linked", as: Int.self).value(timeout: .seconds(20)) == 13)
            try worker.end()
        }
    }
}
