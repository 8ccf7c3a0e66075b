import EngineSupport
import JSON
import Testing

extension RedisTests {
    /// Real Celery at both ends: what the acceptance tests rely on.
    /// Where its packages could not be installed (no network) there is nothing to test against.
    @Suite(.enabled(if: PythonPeers.areInstalled, "scripts/python-peers has not been able to install Celery"))
    struct CeleryPeerTests {
        let server: RedisServer
        let client: CeleryClient

        init() throws {
            self.server = try RedisServer()
            self.client = try CeleryClient(self.server)
        }

        @Test func clientAndWorkerExchangeResults() throws {
            let worker = try CeleryWorker(self.server)
            let sum = try self.client.send("tasks.add", 19, named: ["y": 23])
            let failure = try self.client.send("tasks.fail", "as asked")
            let calls: [JSONObject] = [["key": "a", "seconds": 0], ["key": "b", "seconds": 0.1]]
            let marks = try self.client.sendMany("tasks.mark", calls)
            let chain = try self.client.sendChain(
                CeleryClient.signature("tasks.add", [1, 2]), CeleryClient.signature("tasks.mul", [5]))

            #expect(try self.client.result(sum).value == 42)
            let exception = try #require(try self.client.result(failure).exception)
            #expect((exception.module, exception.type, exception.message) == ("builtins", "ValueError", "as asked"))
            for mark in marks { #expect(try self.client.result(mark).state == "SUCCESS") }
            #expect(try self.server.list("marks").sorted() == ["a", "b"])
            #expect(try self.client.result(chain[1]).value == 15)
            try worker.stop()
            #expect(try self.server.unacknowledged() == [0, 0])
        }

        @Test func messagesWaitForAWorker() throws {
            let id = try self.client.send("tasks.identity", "later", options: ["queue": "video"])
            #expect(try self.server.length("video") == 1)
            #expect(try self.client.state(id) == "PENDING")
            let worker = try CeleryWorker(PeerConnection(self.server), queues: "celery,video")
            #expect(try self.client.result(id).value == "later")
            try worker.kill()
        }

        @Test func workerSeesAProxysCut() throws {
            let proxy = try FaultProxy(to: self.server.port)
            var connection = PeerConnection(self.server)
            connection.broker = self.server.url(through: proxy)
            let worker = try CeleryWorker(connection)
            proxy.cutAll()
            let id = try self.client.send("tasks.add", 1, 2)
            #expect(try self.client.result(id).value == 3, "it has connected again")
            #expect(proxy.counts.cuts > 0)
            #expect(worker.program.exit == nil)
        }
    }
}
