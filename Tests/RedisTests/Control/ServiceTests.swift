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

        /// Hears datagrams.
        private final class Manager {
            let name: String
            private let socket: CInt
            private(set) var heard: [String] = []

            init(_ name: String) {
                self.name = name
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                var bytes = Array(name.utf8)
                if name.hasPrefix("@") { bytes[0] = 0 }
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
                let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (name.hasPrefix("@") ? 0 : 1))
                let number = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                let result = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
                }
                #expect(result == 0)
                self.socket = number
            }

            deinit { close(self.socket) }

            func listen() -> [String] {
                var bytes = [UInt8](repeating: 0, count: 4_096)
                while true {
                    let count = recv(self.socket, &bytes, bytes.count, 0)
                    guard count > 0 else { return self.heard }
                    self.heard.append(String(decoding: bytes[..<count], as: UTF8.self))
                }
            }
        }

        private func worker(_ manager: Manager, watchdog: String? = nil, _ arguments: [String] = []) throws -> Program {
            let command = [
                Executable.demo.path, "worker", "-c", "2", "-b", self.server.url(), "--result-backend",
                self.server.url(database: 1),
            ]
            var environment = ["NOTIFY_SOCKET": manager.name]
            environment["WATCHDOG_USEC"] = watchdog
            return try Program(command: command + arguments, environment: environment, expectsOutcomes: false)
        }

        @Test func managersHearOfTheWholeLife() throws {
            let manager = Manager(self.scratch.file("notify"))
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
            let manager = Manager("@celeriac-test-\(getpid())")
            let worker = try self.worker(manager, watchdog: "200000")
            try worker.wait(for: "some signs of life") { manager.listen().filter { $0 == "WATCHDOG=1" }.count >= 5 }
            try worker.end()
        }

        /// A task could otherwise say that the worker is well, or stop it.
        @Test func childrenDoNotKnowTheManager() throws {
            let manager = Manager(self.scratch.file("notify"))
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
