import EngineSupport
import Glibc
import JSON
import Testing

extension AcceptanceTests {
    /// Results on a server of their own, as a Python client and both servers see it.
    @Suite(.disabled(if: TestedWorker.isCelery, "it loses what these tests count"))
    struct ResultServerTests {
        let broker: RedisServer
        let results: RedisServer
        let connection: PeerConnection
        let client: CeleryClient

        init() throws {
            self.broker = try RedisServer(["appendonly": "yes"])
            self.results = try RedisServer(["appendonly": "yes"])
            var connection = PeerConnection(self.broker)
            connection.backend = self.results.url(database: 2)
            self.connection = connection
            self.client = try CeleryClient(connection)
        }

        private func marks() throws -> [String] { try self.broker.list("marks").sorted() }

        private func isDrained() throws -> Bool {
            try self.broker.length("celery") == 0 && self.broker.unacknowledged() == [0, 0]
        }

        private func waitForLoss(_ worker: TestedWorker) throws {
            try worker.program.wait(for: "the loss to be told") { worker.program.errorText.contains("results.lost") }
        }

        @Test func resultsAreStoredWhereTheyBelong() throws {
            let worker = try TestedWorker(self.connection)
            let sum = try self.client.send("tasks.add", 2, 3)
            let failure = try self.client.send("tasks.fail", "on purpose")
            let retried = try self.client.send("tasks.retry_once", 7)
            #expect(try self.client.result(sum).value == 5)
            #expect(try self.client.result(failure).state == "FAILURE")
            #expect(try self.client.result(retried).value == 7)
            try wait(for: "all to be acknowledged") { try self.isDrained() }
            let script = "redis.call('SELECT', ARGV[1]) return #redis.call('KEYS', 'celery-task-meta-*')"
            #expect(try self.results.command("EVAL", script, "0", "2") == .integer(3))
            for database in 0..<4 {
                #expect(try self.broker.command("EVAL", script, "0", "\(database)") == .integer(0))
            }
            #expect(try worker.stop() == 0)
        }

        /// An outcome that cannot be stored is not acknowledged, and nothing more is begun.
        @Test func outcomesWaitForTheServerOfResults() throws {
            let worker = try TestedWorker(self.connection, visibilityTimeout: "2s")
            let ids = try self.client.sendMany("tasks.mark", Installation.marks(12) { _ in 0.5 })
            try wait(for: "a mark") { try self.marks().count >= 2 }
            try self.results.kill()
            try self.waitForLoss(worker)
            worker.program.watch(seconds: 3)
            let done = try self.marks().count
            #expect(done < 8, "no new task is begun")
            #expect(try self.broker.unacknowledged()[0] > 0)
            try self.results.restart()
            for id in ids { #expect(try self.client.result(id, within: 30).state == "SUCCESS") }
            try wait(for: "all to be acknowledged") { try self.isDrained() }
            #expect(try self.marks() == (0..<12).map { "mark-\($0)" }.sorted(), "each was done once")
            #expect(try worker.stop() == 0)
        }

        @Test func workerKilledBetweenTheServersLosesNothing() throws {
            let worker = try TestedWorker(self.connection, visibilityTimeout: "2s")
            let ids = try self.client.sendMany("tasks.mark", Installation.marks(4) { _ in 0.5 })
            try wait(for: "a mark") { try !self.marks().isEmpty }
            try self.results.kill()
            try self.waitForLoss(worker)
            try worker.kill()
            try self.results.restart()
            let successor = try TestedWorker(self.connection, visibilityTimeout: "2s")
            for id in ids { #expect(try self.client.result(id, within: 30).state == "SUCCESS") }
            try wait(for: "all to be acknowledged") { try self.isDrained() }
            #expect(try Set(self.marks()).count == 4)
            #expect(try successor.stop() == 0)
        }

        @Test func missingServerOfResultsIsTold() throws {
            try self.results.kill()
            let worker = try TestedWorker(self.connection)
            try self.waitForLoss(worker)
            try self.results.restart()
            #expect(try self.client.result(self.client.send("tasks.add", 1, 1), within: 20).value == 2)
            #expect(try worker.stop() == 0)
        }
    }
}
