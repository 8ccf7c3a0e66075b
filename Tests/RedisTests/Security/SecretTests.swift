import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension SecurityTests {
    /// Passwords of the broker are in the master's memory and nowhere else.
    @Suite struct SecretTests {
        /// The server's password, given by a flag, and others in each other place that a password may stand in.
        private let canaries = ["flag", "variable", "celery", "backend", "file", "comment"].map {
            "canary-\($0)-7f3a9c"
        }
        private let server: RedisServer
        private let scratch = try! ScratchDirectory()

        init() throws { self.server = try RedisServer(["requirepass": self.canaries[0]]) }

        private func url(_ canary: Int) -> String {
            "redis://:\(self.canaries[canary])@127.0.0.1:\(self.server.port)/0"
        }

        private var environment: [String: String] {
            [
                "CELERIAC_WORKER_BROKER": self.url(1), "CELERY_BROKER_URL": self.url(2),
                "CELERY_RESULT_BACKEND": self.url(3),
            ]
        }

        private func configuration() throws -> String {
            try self.scratch.write(
                """
                # broker = "\(self.url(5))"
                [worker]
                broker = "\(self.url(4))" # \(self.url(5))
                log_format = "json"
                log_level = "debug"

                [tasks."tasks.env"]
                command = ["env"]
                stdin = "none"

                [tasks."tasks.broken"]
                command = ["/no/such/program"]

                """, to: "worker.toml")
        }

        private func start() throws -> Program {
            try Program(
                command: [
                    Executable.demo.path, "worker", "-b", self.url(0), "-c", "2", "--config", try self.configuration(),
                ], environment: self.environment, expectsOutcomes: false)
        }

        private func push(_ id: String, _ task: String) throws {
            try self.server.command("LPUSH", "celery", RawMessage(id, task).text)
        }

        private func document(_ id: String) throws -> String? {
            try self.server.command("GET", "celery-task-meta-\(id)").text
        }

        private func expectNoSecrets(in program: Program, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let processes = program.templates + program.children
            #expect(processes.count >= 3, sourceLocation: sourceLocation)
            for pid in processes {
                #expect(try ProcessMemory.size(of: pid) > 1 << 20, sourceLocation: sourceLocation)
                #expect(
                    try ProcessMemory.findings(of: self.canaries, in: pid) == [], sourceLocation: sourceLocation)
            }
        }

        @Test func passwordIsInNoProcessThatRunsTasksAndInNoOutput() throws {
            let program = try self.start()
            try program.wait(forRecords: "child.ready", count: 2)
            let tasks = ["tasks.env", "tasks.broken", "demo.abort", "tasks.unheard_of", "tasks.add"]
            for task in tasks { try self.push("id-\(task)", task) }
            try self.push("last", "tasks.env")
            for id in tasks.map({ "id-\($0)" }) + ["last"] {
                try program.wait(for: "the end of \(id)") { try self.document(id) != nil }
            }
            try program.wait(for: "two children") { program.children.count == 2 }
            try self.expectNoSecrets(in: program)
            // After a reload there are another template and other children.
            let old = program.templates
            program.signal(SIGHUP)
            try program.wait(forRecords: "reload.done")
            try program.wait(for: "new children only") {
                program.templates.count == 1 && program.templates != old && program.children.count == 2
            }
            try self.expectNoSecrets(in: program)
            let arguments = try readTextFile("/proc/\(program.pid)/cmdline")
            #expect(arguments.contains("redis://**@127.0.0.1") && !arguments.contains("canary"))
            program.signal(SIGTERM)
            #expect(try program.finish() == 0)
            let documents = try (tasks.map { "id-\($0)" }).compactMap { try self.document($0) }.joined()
            let dead = try self.server.command("HGETALL", "celeriac.dead").texts.joined()
            #expect(documents.contains("PATH=") && dead.contains("tasks.unheard_of"))
            let outputs = program.errorText + program.outputLines.joined() + documents + dead
            #expect(self.canaries.filter { outputs.contains($0) } == [])
        }

        /// Who is not the superuser may not look into the master, even as the same user.
        @Test func mastersMemoryIsClosedToItsUser() throws {
            let program = try self.start()
            try program.wait(forRecords: "child.ready", count: 2)
            #expect(try ProcessMemory.findings(of: [self.canaries[0]], in: program.pid) != [])
            var status = stat()
            // The kernel gives these files to the superuser; the mode is for the owner alone.
            #expect(lstat("/proc/\(program.pid)/mem", &status) == 0 && status.st_uid == 0)
            #expect(lstat("/proc/\(program.pid)/environ", &status) == 0 && status.st_uid == 0)
        }

        @Test(arguments: [[], ["--json"]]) func explanationMasks(flags: [String]) throws {
            let command = [Executable.demo.path, "config", "explain", try self.configuration()]
            let program = try Program(
                command: command + flags, environment: self.environment, expectsOutcomes: false)
            #expect(try program.finish() == 0)
            let text = program.outputLines.joined(separator: "\n") + program.errorText
            #expect(text.contains(":**@127.0.0.1") && !text.contains("canary"))
        }

        /// Mistakes are told without the value that they are in.
        @Test(arguments: [
            ["worker", "-b", "redi://u:SECRET@host"], ["worker", "-b", "redis://u:SECRET@host:port/0"],
            ["worker", "-b", "redis://u:SECRET@h/base"], ["worker", "redis://u:SECRET@host"],
            ["worker", "-b", "redis://h", "--result-backend", "redis://u:SECRET@other:port"],
            ["worker", "-b", "u:SECRET@h"],
            ["worker", "-b", "redis://u:SECRET@127.0.0.1:1", "--concurrency", "0"],
            ["worker", "-b", "sentinel://u:SECRET@h;sentinel://u:SECRET@i", "--master-name", ""],
        ]) func mistakesShowNoPassword(command: [String]) throws {
            let words = command.map { $0.replacing("SECRET", with: "canary") }
            let program = try Program(command: [Executable.demo.path] + words, expectsOutcomes: false)
            #expect(try program.finish() == 2)
            #expect(!program.errorText.isEmpty && !program.errorText.contains("canary"))
        }
    }
}
