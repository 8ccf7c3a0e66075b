import EngineSupport
import Glibc
import JSON
import Testing
import WorkerStatus

extension RedisTests {
    /// What a worker tells of itself on its socket. Needs no Python.
    @Suite struct SnapshotTests {
        let server: RedisServer
        let scratch: ScratchDirectory
        private var socket: String { self.scratch.file("s") }

        init() throws {
            self.server = try RedisServer()
            self.scratch = try ScratchDirectory()
        }

        private func worker(_ arguments: String...) throws -> Program {
            let own = ["-n", "w@here", "--control-socket", self.socket]
            let worker = try Program(worker: self.server, own + arguments)
            try wait(for: "a worker that consumes") { try self.ask("status", "--ready").status == 0 }
            return worker
        }

        private func ask(_ arguments: String...) throws -> Ended {
            try Ended(arguments + ["--socket", self.socket, "-t", "5"], server: self.server)
        }

        private func snapshot(_ parts: String...) throws -> WorkerSnapshot {
            let answer = try Ended(
                ["inspect", "snapshot"] + parts + ["--json", "--socket", self.socket, "-t", "5"], server: self.server)
            return try JSONCoder.decode(WorkerSnapshot.self, from: answer.json["w@here"] ?? .null)
        }

        private func send(_ task: String, _ id: String, _ arguments: String = "[]") throws {
            #expect(try Ended(["send", task, "--args", arguments, "--id", id], server: self.server).status == 0)
        }

        @Test func endsAreCounted() throws {
            let worker = try self.worker("-c", "1")
            try self.send("tasks.add", "good", "[2, 3]")
            try self.send("tasks.add", "bad", #"["x", {}]"#)
            try self.send("demo.crash", "deadly")
            try self.send("tasks.unheard_of", "nobody's")
            try wait(for: "all four ends") {
                let ends = try self.snapshot("tasks").tasks?.flatMap(\.ends) ?? []
                return ends.filter { ["success", "failure"].contains($0.outcome) }.count == 4
            }
            let tasks = try self.snapshot("tasks").tasks ?? []
            let add = try #require(tasks.first { $0.name == "tasks.add" })
            #expect(add.ends.map(\.outcome) == ["success", "failure"])
            #expect(add.run.counts.reduce(0, +) == 2 && add.wait.counts.reduce(0, +) == 2)
            let crash = try #require(tasks.first { $0.name == "demo.crash" })
            #expect(crash.ends.last?.cause == "trap")
            let unknown = try #require(tasks.first { $0.name == "(unknown)" })
            #expect(unknown.ends == [WorkerSnapshot.End(outcome: "failure", cause: "not_registered", count: 1)])
            let failures = try self.snapshot("failures").failures ?? []
            #expect(Set(failures.map(\.id)) == ["bad", "deadly"])
            let death = try #require(failures.first { $0.id == "deadly" })
            #expect(death.report.contains { $0.hasPrefix("cause") && $0.contains("trap") })
            let metrics = try self.ask("status", "--metrics")
            #expect(metrics.lines.contains(#"celeriac_tasks_total{task="tasks.add",outcome="success",cause=""} 1"#))
            #expect(metrics.lines.contains(#"celeriac_dead_letters_total{reason="not_registered"} 1"#))
            try worker.end()
        }

        @Test func childrenAndQueuesAreShown() throws {
            let worker = try self.worker("-c", "1")
            for id in ["long", "waits", "waits-too"] { try self.send("tasks.sleep", id, "[30]") }
            try wait(for: "a task that runs") {
                try self.snapshot("children").children?.first?.running.first?.runtime != nil
            }
            try wait(for: "the others in the queue") {
                try self.snapshot("queues").queues?.first?.length == 2
            }
            try wait(for: "the next one to have been seen before") {
                try self.snapshot("queues").queues?.first?.stalled ?? 0 > 0
            }
            let all = try self.snapshot()
            let child = try #require(all.children?.first)
            #expect(child.state == "busy" && child.memory > 0)
            #expect(child.running.map(\.id) == ["long"])
            #expect(all.pools.map(\.busy) == [1])
            #expect(all.broker.atServer?.unacknowledged == 1)
            #expect(all.broker.leases == 1)
            let pid = try #require(child.pid)
            #expect(try self.ask("control", "recycle", "\(pid)").status == 0)
            #expect(try self.ask("control", "recycle", "\(getpid())").status == 1, "no child of the worker's")
            #expect(try self.ask("control", "terminate", "SIGKILL", "long").status == 0)
            try wait(for: "another child") {
                try self.snapshot("children").children?.contains { $0.pid == pid } == false
            }
            #expect(try self.snapshot("tasks").tasks?.first?.ends.first?.cause == "terminated")
            try worker.end()
        }

        @Test func topShowsTheFleetOnce() throws {
            let worker = try self.worker("-c", "2")
            let other = try Program(worker: self.server, ["-n", "x@here", "-c", "1"])
            try wait(for: "both in one picture") {
                let shown = try Ended(["top", "--once", "-t", "0.3"], server: self.server)
                return shown.status == 0 && shown.lines.filter { $0.contains(" idle ") }.count == 3
            }
            let shown = try self.ask("top", "--once")
            #expect(shown.lines.first?.hasPrefix("w@here  consuming  up ") == true)
            #expect(shown.lines.dropFirst().first == "  queues: celery 0")
            let json = try self.ask("top", "--json").json
            #expect(json["w@here"]?["children"]?.elements.count == 2)
            #expect(json["w@here"]?["failures"] == nil)
            let nobody = try Ended(["top", "--socket", "/nowhere"])
            #expect(nobody.status == 3 && nobody.errors.contains("no worker listens at /nowhere"))
            for program in [worker, other] { try program.end() }
        }

        /// Probes get their answers while the server is away, and know the difference.
        @Test func readinessFollowsTheServer() throws {
            let worker = try self.worker()
            self.server.pause()
            defer { self.server.resume() }
            let paused = try self.snapshot()
            #expect(paused.queues == nil, "nobody waits for a server that does not answer")
            try self.server.kill()
            try wait(for: "a worker that has noticed") { try self.ask("status", "--ready").status == 1 }
            #expect(try self.snapshot("worker").worker.state == .disconnected)
            #expect(try self.ask("status").status == 0, "it lives")
            try worker.end()
        }
    }
}
