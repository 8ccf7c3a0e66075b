import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension AcceptanceTests {
    /// Nothing is lost and nothing is done twice, whatever ends. `tasks.mark` leaves one trace for each run.
    @Suite struct RecoveryTests {
        let installation: Installation
        let connection: PeerConnection
        private var server: RedisServer { self.installation.server }

        init() throws {
            self.installation = try Installation(["appendonly": "yes"])
            self.connection = PeerConnection(self.installation.server)
        }

        /// Sends so many, each taking so long.
        private func sendMarks(_ count: Int, seconds: (Int) -> Double) throws -> [String] {
            try self.installation.client.sendMany("tasks.mark", Installation.marks(count, seconds: seconds))
        }

        private func waitForSuccess(_ ids: [String], within seconds: Double = 30) throws {
            for id in ids {
                let result = try self.installation.client.result(id, within: seconds)
                #expect(result.state == "SUCCESS", "\(result.repr)")
            }
        }

        /// One trace of each, and no message left.
        private func expectOneMarkEach(_ count: Int) throws {
            try wait(for: "everything to be acknowledged") { try self.installation.isDrained() }
            #expect(try self.installation.marks() == (0..<count).map { "mark-\($0)" }.sorted())
        }

        @Test func stoppedWorkerLosesNothing() throws {
            let worker = try TestedWorker(self.connection)
            let ids = try self.sendMarks(20) { _ in 0.2 }
            try wait(for: "the first mark") { try self.server.length("marks") > 0 }
            #expect(try worker.stop() == 0)
            let done = try self.server.length("marks")
            #expect(done < 20)
            #expect(try self.server.length("celery") == 20 - done, "what has not begun is back in the queue")
            #expect(try self.server.unacknowledged() == [0, 0])
            let successor = try TestedWorker(self.connection)
            try self.waitForSuccess(ids)
            try self.expectOneMarkEach(20)
            #expect(successor.isRunning)
        }

        @Test func mixedFleetDoesEverythingOnce() throws {
            try self.expectEverythingOnce(of: 300, processes: 8, within: 30) { Double(($0 * 7) % 11) / 12 }
        }

        /// Takes about five minutes, and 6 GiB for the processes of Celery: `CELERIAC_FLEET=1` runs it.
        @Test(.enabled(if: Environment.current["CELERIAC_FLEET"] != nil))
        func largeMixedFleetDoesEverythingOnce() throws {
            try self.expectEverythingOnce(of: 10_000, processes: 100, within: 900) { Double(($0 * 37) % 101) / 10 }
        }

        /// Celery acknowledges early: of messages that it acknowledges late its own sweep makes further copies when they
        /// run for longer than the visibility timeout. It reserves none that it does not run, for the same reason.
        private func expectEverythingOnce(
            of count: Int, processes: Int, within limit: Double, seconds: (Int) -> Double
        ) throws {
            var shared = self.connection
            shared.settings["broker_transport_options"] = ["visibility_timeout": 2]
            shared.settings["task_acks_late"] = false
            shared.settings["worker_disable_prefetch"] = true
            let celery = try CeleryWorker(shared, concurrency: processes)
            let worker = try TestedWorker(self.connection, concurrency: processes, visibilityTimeout: "2s")
            let ids = try self.sendMarks(count, seconds: seconds)
            try self.waitForSuccess(ids, within: limit)
            try self.expectOneMarkEach(count)
            try celery.stop()
            let share = celery.program.errorText.split(separator: "Task tasks.mark[").count - 1
            #expect(share > 0 && share < 2 * count, "each had its share; Celery says received and succeeded")
            #expect(try worker.stop() == 0)
        }

        // From here on real Celery would fail: it recovers after minutes, and runs long tasks several times.

        @Test(.enabled(if: !TestedWorker.isCelery)) func tasksOfAKilledWorkerRunAgain() throws {
            let worker = try TestedWorker(self.connection, visibilityTimeout: "2s")
            let ids = try self.sendMarks(6) { _ in 2 }
            try wait(for: "two running tasks") { try self.server.unacknowledged()[0] >= 2 }
            try worker.kill()
            let successor = try TestedWorker(self.connection, visibilityTimeout: "2s")
            try self.waitForSuccess(ids, within: 15)
            try self.expectOneMarkEach(6)
            #expect(successor.isRunning)
        }

        @Test(.enabled(if: !TestedWorker.isCelery)) func taskOfAKilledChildRunsAgain() throws {
            let worker = try TestedWorker(self.connection, concurrency: 1)
            let ids = try self.sendMarks(1) { _ in 1 }
            try wait(for: "the running task") { try self.server.unacknowledged()[0] == 1 }
            try worker.program.wait(for: "its child") { !worker.program.children.isEmpty }
            for child in worker.program.children { worker.program.kill(child, SIGKILL) }
            try self.waitForSuccess(ids, within: 15)
            try self.expectOneMarkEach(1)
        }

        @Test(.enabled(if: !TestedWorker.isCelery)) func longTaskIsNotTakenFromAWorkerThatLives() throws {
            let workers = try (0..<2).map { _ in try TestedWorker(self.connection, visibilityTimeout: "1s") }
            let ids = try self.sendMarks(3) { 2 + Double($0) }
            try self.waitForSuccess(ids)
            try self.expectOneMarkEach(3)
            #expect(workers.allSatisfy { $0.isRunning })
        }

        @Test(.enabled(if: !TestedWorker.isCelery)) func workerOutlivesItsConnections() throws {
            let proxy = try FaultProxy(to: self.server.port)
            var connection = self.connection
            connection.broker = self.server.url(through: proxy)
            connection.backend = self.server.url(through: proxy, database: 1)
            let worker = try TestedWorker(connection, visibilityTimeout: "2s")
            let ids = try self.sendMarks(20) { _ in 0.2 }
            for count in 1...5 {
                try wait(for: "the next mark") { try self.server.length("marks") >= 3 * count }
                proxy.cutAll()
            }
            try self.waitForSuccess(ids)
            try self.expectOneMarkEach(20)
            #expect(proxy.counts.cuts > 0)
            #expect(worker.isRunning)
        }

        @Test(.enabled(if: !TestedWorker.isCelery)) func workerOutlivesTheServer() throws {
            let worker = try TestedWorker(self.connection, visibilityTimeout: "2s")
            let ids = try self.sendMarks(10) { _ in 0.3 }
            try wait(for: "the first marks") { try self.server.length("marks") >= 2 }
            try self.server.kill()
            try self.server.restart()
            try wait(for: "all messages to be done", within: 30) { try self.installation.isDrained() }
            // A mark cannot be left while Redis is down: that task has failed.
            let states = try ids.map { try self.installation.client.state($0) }
            #expect(states.allSatisfy { ["SUCCESS", "FAILURE"].contains($0) }, "\(states)")
            #expect(worker.isRunning)
        }
    }
}
