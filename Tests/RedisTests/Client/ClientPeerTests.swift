import CeleriacClient
import EngineSupport
import JSON
import Testing

extension RedisTests {
    /// Our client and real Celery's worker.
    @Suite(.enabled(if: PythonPeers.areInstalled, "scripts/python-peers has not been able to install Celery"))
    struct ClientPeerTests {
        @Test func celeryWorkerUnderstandsTheClient() async throws {
            let server = try RedisServer()
            let worker = try CeleryWorker(server)
            let client = try server.makeClient()
            #expect(try await client.send("tasks.add", 2, 3, returning: Int.self).value(timeout: .seconds(20)) == 5)
            for compression in [CompressionFormat.zlib, .bzip2] {
                var options = SendOptions(countdown: .milliseconds(100), expires: .after(.seconds(60)), priority: 3)
                options.compression = compression
                let handle = try await client.send(
                    "tasks.identity", ["a": [1.5]], options: options, returning: [String: [Double]].self)
                #expect(try await handle.value(timeout: .seconds(20)) == ["a": [1.5]])
            }
            let call = TaskCall("tasks.identity", arguments: [.bytes([0, 255])])
            #expect(try await client.send(call).result(timeout: .seconds(20)).rawValue() == .bytes([0, 255]))
            let failing = try await client.send("tasks.fail", "no luck")
            let error = await #expect(throws: TaskError.self) { try await failing.value(timeout: .seconds(20)) }
            #expect(error?.type == "ValueError")
            #expect(error?.module == "builtins")
            #expect(error?.message == "no luck")
            #expect(error?.traceback?.contains("tasks.py") == true)
            try worker.kill()
        }

        @Test(arguments: [["result_serializer": "msgpack"], ["result_compression": "zlib"]] as [JSONObject])
        func resultsInOtherFormsAreRead(settings: JSONObject) async throws {
            let server = try RedisServer()
            let worker = try CeleryWorker(PeerConnection(server, settings: settings))
            let client = try server.makeClient()
            let handle = try await client.send("tasks.identity", ["x", "y"], returning: [String].self)
            #expect(try await handle.value(timeout: .seconds(20)) == ["x", "y"])
            let failing = try await client.send("tasks.fail", "no luck")
            await #expect(throws: TaskError.self) { try await failing.value(timeout: .seconds(20)) }
            try worker.kill()
        }

        @Test func celeryWorkerHearsARevoke() async throws {
            let server = try RedisServer()
            let client = try server.makeClient()
            let worker = try CeleryWorker(server)
            // It says that it is ready before it listens to commands.
            try wait(for: "the worker to listen") {
                let hasChannel = try !server.command("PUBSUB", "CHANNELS", "*celery.pidbox").texts.isEmpty
                return try hasChannel || server.command("PUBSUB", "NUMPAT").integer ?? 0 > 0
            }
            let handle = try await client.send("tasks.add", 1, 2, options: SendOptions(countdown: .seconds(3_600)))
            #expect(try await handle.revoke() == 1)
            let error = await #expect(throws: TaskRevokedError.self) { try await handle.value(timeout: .seconds(20)) }
            #expect(error?.reason == "revoked")
            try worker.kill()
        }
    }
}
