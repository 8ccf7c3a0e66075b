import CeleriacClient
import EngineSupport
import JSON
import Testing

extension RedisTests {
    /// Workflows of the Swift client, on workers of both kinds.
    @Suite(.enabled(if: PythonPeers.areInstalled, "scripts/python-peers has not been able to install Celery"))
    struct WorkflowClientTests {
        private static let add = RemoteTask("tasks.add", arguments: Int.self, Int.self, returning: Int.self)
        private static let mul = RemoteTask("tasks.mul", arguments: Int.self, Int.self, returning: Int.self)
        private static let sum = Signature("tasks.xsum")

        private let server: RedisServer
        private let client: Client
        private let timeout = Duration.seconds(20)

        init() throws {
            self.server = try RedisServer()
            self.client = try self.server.makeClient()
        }

        /// A worker of ours, or a real Celery worker.
        private func worker(_ isCelery: Bool) throws -> Program {
            try isCelery ? CeleryWorker(self.server).program : Program(worker: self.server)
        }

        @Test(arguments: [false, true]) func workflowsHaveTheirResults(onCelery isCelery: Bool) async throws {
            let worker = try self.worker(isCelery)
            let (add, mul, sum) = (Self.add, Self.mul, Self.sum)
            let chained = try await self.client.send(chain(add.s(2, 2), mul.s(4)), returning: Int.self)
            let grouped = try await self.client.send(
                group(add.s(1, 1), chain(add.s(2, 2), mul.s(3))), returning: [Int].self)
            let joined = try await self.client.send(
                chain(add.s(1, 1), group(mul.s(2), mul.s(3)), sum, add.s(5)), returning: Int.self)
            let nested = try await self.client.send(
                chord(
                    [chord([add.s(1, 1), add.s(1, 2)], sum), chain(add.s(1, 1), group(mul.s(2), mul.s(3)))],
                    Signature("tasks.identity")),
                returning: JSONValue.self)
            let mapped = try await self.client.send(
                Signature.starmap(Signature("tasks.add"), [[1, 2], [3, 4]]), returning: [Int].self)
            let chunks = try await self.client.send(
                Signature.chunks(Signature("tasks.add"), [[1, 2], [3, 4], [5, 6]], by: 2), returning: [[Int]].self)
            #expect(try await chained.value(timeout: self.timeout) == 16)
            #expect(try await grouped.value(timeout: self.timeout) == [2, 12])
            #expect(try await joined.value(timeout: self.timeout) == 15)
            #expect(try await nested.value(timeout: self.timeout) == [5, [4, 6]])
            #expect(try await mapped.value(timeout: self.timeout) == [3, 7])
            #expect(try await chunks.value(timeout: self.timeout) == [[3, 7], [11]])
            // A Celery worker leaves the size of a chord that it has made of the group at a part's end.
            if !isCelery { #expect(try self.server.chordKeys() == []) }
            try worker.end()
        }

        @Test func errorsNameTheirCulprit() async throws {
            let worker = try self.worker(false)
            let workflow = chord([Self.add.s(1, 1), Signature("tasks.fail", "no luck")], Self.sum)
            let outer = chord([workflow, Self.add.s(1, 1)], Self.sum).linkError(Signature("tasks.identity"))
            let handle = try await self.client.send(outer, returning: Int.self)
            let error = await #expect(throws: TaskError.self) { try await handle.value(timeout: self.timeout) }
            #expect(error?.type == "ChordError")
            #expect(error?.message.contains("no luck") == true)
            #expect(error?.module == "celery.exceptions")
            #expect(try self.server.chordKeys() == [])
            try worker.end()
        }

        @Test func groupIsSavedFoundAgainAndForgotten() async throws {
            let worker = try self.worker(false)
            let handle = try await self.client.send(group(Self.add.s(1, 1), Self.add.s(2, 2)), returning: [Int].self)
            try await handle.save()
            let found = try await self.client.savedGroup(handle.id, as: [Int].self)
            #expect(try await found.value(timeout: self.timeout) == [2, 4])
            #expect(try await found.results(timeout: self.timeout).map(\.state) == [.success, .success])
            try await found.forget()
            await #expect(throws: ClientError.self) { try await self.client.savedGroup(handle.id) }
            #expect(try await self.client.result(of: handle.ids[0]).state() == .pending)
            try worker.end()
        }

        @Test func workflowIsCalledOffAsAWhole() async throws {
            let worker = try self.worker(false)
            // The worker listens to commands some time after it takes tasks.
            #expect(try await self.client.send(Self.add, 1, 1).value(timeout: self.timeout) == 2)
            let delayed = Self.add.s(1, 1).option("countdown", 3_600)
            let workflow = chain(chord([delayed, delayed], Self.sum), Self.add.s(1))
            let handle = try await self.client.send(workflow, returning: Int.self)
            try await eventually("a worker to listen") {
                try self.server.command("PUBSUB", "NUMPAT").integer ?? 0 > 0
                    || !self.server.command("PUBSUB", "CHANNELS", "*celery.pidbox").texts.isEmpty
            }
            #expect(try await handle.revoke() >= 1)
            await #expect(throws: (any Error).self) { try await handle.value(timeout: self.timeout) }
            for id in handle.ids.prefix(1) {
                #expect(try await self.client.result(of: id).result(timeout: self.timeout).state != .success)
            }
            try worker.end()
        }

        @Test func stampsAreInEachMessage() async throws {
            let workflow = chord([Self.add.s(1, 1), Self.add.s(2, 2)], Self.sum).stamp(["customer": 7])
            _ = try await self.client.send(workflow)
            let messages = try self.server.list("celery")
            #expect(messages.count == 2)
            for message in messages {
                let headers = try JSONValue(parsing: Array(message.utf8)[...])["headers"]
                #expect(headers?["stamps"] == ["customer": 7])
                #expect(headers?["stamped_headers"] == ["customer"])
            }
        }

        @Test func chordNeedsAResultBackend() async throws {
            let client = try Client(self.server.url())
            let error = await #expect(throws: ClientError.self) {
                try await client.send(chord([Self.add.s(1, 1), Self.add.s(2, 2)], Self.sum))
            }
            #expect(error?.code == .noResultBackend)
            #expect(try self.server.length("celery") == 0)
        }
    }
}
