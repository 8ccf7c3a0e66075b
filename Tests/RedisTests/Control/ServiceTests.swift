import EngineSupport
import Glibc
import Testing

extension RedisTests {
    /// A worker under a service manager: here the test.
    @Suite struct ServiceTests {
        let server: RedisServer
        let scratch: ScratchDirectory

        init() throws {
            self.server = try RedisServer()
            self.scratch = try ScratchDirectory()
        }

        private func worker(
            _ manager: DatagramListener, watchdog: String? = nil, _ arguments: [String] = []
        ) throws -> Program {
            let command = [
                Executable.demo.path, "worker", "-c", "2", "-b", self.server.url(), "--result-backend",
                self.server.url(database: 1),
            ]
            var environment = ["NOTIFY_SOCKET": manager.name]
            environment["WATCHDOG_USEC"] = watchdog
            return try Program(command: command + arguments, environment: environment, expectsOutcomes: false)
        }

        @Test func managersHearOfTheWholeLife() throws {
            let manager = DatagramListener(self.scratch.file("notify"))
            let config = try self.scratch.write("[worker]\nlog_level = \"info\"\n", to: "worker.toml")
            let worker = try self.worker(manager, ["--config", config])
            try worker.wait(for: "readiness") { manager.listen().contains("STATUS=consuming") }
            #expect(manager.heard.filter { $0 == "READY=1" }.count == 1)
            worker.signal(SIGHUP)
            try worker.wait(for: "the end of the reload") { manager.listen().filter { $0 == "READY=1" }.count == 2 }
            try self.scratch.write("[worker]\nnonsense = 1\n", to: "worker.toml")
            worker.signal(SIGHUP)
            try worker.wait(for: "the end of one that fails") {
                manager.listen().filter { $0 == "READY=1" }.count == 3
            }
            #expect(manager.heard.filter { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }.count == 2)
            try self.server.kill()
            try worker.wait(for: "word of the server") { manager.listen().last == "STATUS=disconnected" }
            worker.signal(SIGTERM)
            try worker.wait(for: "the end") { worker.exit != nil }
            #expect(Array(manager.listen().suffix(2)) == ["STOPPING=1", "STATUS=stopping"])
            #expect(!manager.heard.contains("WATCHDOG=1"), "nobody asked for it")
        }

        @Test func signsOfLifeComeFromAnIdleWorker() throws {
            let manager = DatagramListener("@celeriac-test-\(getpid())")
            let worker = try self.worker(manager, watchdog: "200000")
            try worker.wait(for: "some signs of life") { manager.listen().filter { $0 == "WATCHDOG=1" }.count >= 5 }
            try worker.end()
        }

        /// A task could otherwise say that the worker is well, or stop it.
        @Test func childrenDoNotKnowTheDatagramListener() throws {
            let manager = DatagramListener(self.scratch.file("notify"))
            let config = try self.scratch.write(
                "[tasks.\"environment\"]\ncommand = [\"env\"]\n", to: "worker.toml")
            let worker = try self.worker(manager, watchdog: "10000000", ["--config", config])
            let sent = try Ended(["send", "environment", "--wait", "--timeout", "30s"], server: self.server)
            #expect(sent.status == 0 && sent.output.contains("PATH="))
            #expect(!sent.output.contains("NOTIFY_SOCKET") && !sent.output.contains("WATCHDOG_USEC"))
            try worker.end()
        }
    }
}
