import EngineSupport
import Foundation
import Glibc
import JSON
import Testing

extension EngineTests {
    /// Profiles at work.
    @Suite struct SandboxTests {
        private static let isRoot = getuid() == 0

        private func config(_ scratch: ScratchDirectory, _ text: String) throws -> [String] {
            ["--config", try scratch.write(text, to: "celeriac.toml")]
        }

        @Test func aTaskRunsInChildrenOfItsProfileOnly() throws {
            let scratch = try ScratchDirectory()
            let options = try self.config(scratch, "[tasks.\"sandbox.ids\"]\nsandbox = \"worker\"\n")
            let lines = (0..<20).flatMap { [call("sandbox.ids", id: "w\($0)"), call("escape.pid", id: "b\($0)")] }
            let run = try Run(.fixture, options + ["-c", "2"], lines)
            let narrow = Set((0..<20).compactMap { run["w\($0)"].pid })
            let wide = Set((0..<20).compactMap { run["b\($0)"].pid })
            #expect(!narrow.isEmpty && !wide.isEmpty && narrow.isDisjoint(with: wide))
            if Self.isRoot { #expect(run["w0"].result == [65_534, 65_534, 0]) }
        }

        @Test(.enabled(if: isRoot, "only root can become another user"))
        func childrenOfStrictHaveUsersOfTheirOwn() throws {
            let program = try Program(run: .fixture, ["-c", "2", "--sandbox", "strict"])
            var users: [Int32: Int] = [:]
            for round in 0..<200 where users.count < 2 {
                program.send(call("sandbox.ids", id: "\(round)"), call("sandbox.ids", id: "\(round)b"))
                for id in ["\(round)", "\(round)b"] {
                    let outcome = try program.outcome(id)
                    if let pid = outcome.pid { users[pid] = outcome.result?.elements.first?.integer }
                }
            }
            #expect(Set(users.values).count == 2 && users.values.allSatisfy { (61_184..<65_520).contains($0) })
            _ = try program.finish()
        }

        @Test func onlyListedVariablesStay() throws {
            let secret = ["SECRET": "canary", "LC_ALL": "C"]
            let wide = try Run(
                .fixture, ["--sandbox", "basic"], [call("sandbox.environment", id: "a")], environment: secret)
            #expect(wide["a"].result?.elements.contains("SECRET") == true)
            let narrow = try Run(
                .fixture, ["--sandbox", "worker"], [call("sandbox.environment", id: "a")], environment: secret)
            let names = narrow["a"].result?.elements.compactMap(\.text) ?? []
            #expect(names.contains("LC_ALL") && names.contains("PATH"))
            #expect(!names.contains { $0 == "SECRET" || $0.hasPrefix("ENGINE_TEST") })
        }

        @Test(.enabled(if: isRoot, "mounting needs root"))
        func ownTmpIsBoundedAndNobodyElses() throws {
            let scratch = try ScratchDirectory()
            let options = try self.config(
                scratch,
                "[sandbox.small]\nextends = \"worker\"\nprivate_tmp = \"1MiB\"\n[worker]\nsandbox = \"small\"\n")
            let run = try Run(.fixture, options + ["-c", "1"], [call("sandbox.tmp", 100_000_000, id: "a")])
            #expect(run["a"].result == 1_048_576)
            #expect(run["a"].pid.map { access("/tmp/probe-\($0)", F_OK) } == -1)
        }

        @Test func aForbiddenCallIsNamedAndTriedOnce() throws {
            let act = call("escape.try", "ptrace", 1, "/", "/", 1, id: "a")
            let run = try Run(.fixture, ["-c", "1", "--sandbox", "compute"], [act, call("escape.pid", id: "b")])
            #expect(run["a"].cause == "sandbox" && run["a"].errorType == "SandboxViolation")
            #expect(run["a"].message.hasPrefix("its sandbox denies the system call ptrace"))
            #expect(run["a"].attempts == 1)
            #expect(run["a"].backtrace.contains { $0.contains("SandboxTasks.swift") }, "\(run["a"].json)")
            #expect(run["b"].state == "SUCCESS")
        }

        @Test(arguments: [
            ("user = \"no-such-user\"", "credentials: /etc/passwd has no no-such-user"),
            ("read = [\"/no/such/place\"]", "landlock: /no/such/place: No such file or directory"),
        ])
        func aStepThatFailsStopsTheWorkerWithItsName(setting: String, reason: String) throws {
            let scratch = try ScratchDirectory()
            let options = try self.config(
                scratch, "[sandbox.mine]\nextends = \"worker\"\n\(setting)\n[worker]\nsandbox = \"mine\"\n")
            let run = try Run(.fixture, options, [call("escape.pid", id: "a")])
            #expect(run.status == 3)
            let reasons = run.program.records("worker.cannot.start").compactMap { $0["reason"]?.text }
            #expect(reasons.contains { $0.contains("cannot sandbox with the profile mine: \(reason)") }, "\(reasons)")
            #expect(run.outcomes.isEmpty)
        }

        @Test func deniedCallsCanBeErrors() throws {
            let scratch = try ScratchDirectory()
            let options = try self.config(
                scratch, "[sandbox.mine]\nextends = \"compute\"\non_denied = \"error\"\n[worker]\nsandbox = \"mine\"\n")
            let run = try Run(.fixture, options, [call("escape.try", "ptrace", 1, "/", "/", 1, id: "a")])
            #expect(run["a"].result == .number(JSONNumber(Int(EPERM))))
        }

        @Test func commandsRunWhereProgramsMayBeStarted() throws {
            let scratch = try ScratchDirectory()
            let options = try self.config(
                scratch,
                """
                [sandbox.tools]
                extends = "offline"
                allow = ["@process"]
                [tasks.plain]
                command = ["echo", "plain"]
                [tasks.tools]
                command = ["sh", "-c", "echo tools; echo x > /tmp/y && cat /tmp/y"]
                sandbox = "tools"
                [tasks.compute]
                command = ["echo", "compute"]
                sandbox = "compute"
                max_losses = 1
                """)
            let run = try Run(
                .plain, options + ["-c", "1"], ["plain", "tools", "compute"].map { call($0, id: $0) })
            #expect(run["plain"].result == "plain")
            #expect(run["tools"].result == "tools\nx")
            #expect(run["compute"].state == "FAILURE")
        }

        @Test(
            .enabled(if: isRoot, "only root can start a worker as another user"),
            arguments: ["basic", "worker", "strict"])
        func aWorkerThatIsNotRootHasWhatItCan(profile: String) throws {
            let id = "65534"
            let command = ["/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups"]
            let worker = [Executable.fixture.path, "run", "--log-format", "json", "-c", "1", "--sandbox", profile]
            guard access("/usr/bin/setpriv", X_OK) == 0 else { return }
            let program = try Program(command: command + worker)
            program.send(
                call("sandbox.ids", id: "ids"), call("allowed.async", id: "async"),
                call("escape.try", "ptrace", 1, "/", "/", 1, id: "ptrace"))
            #expect(try program.outcome("ids").result?.elements.first == 65_534)
            #expect(try program.outcome("async").result == 2_016)
            #expect(try program.outcome("ptrace").result != 0)
            _ = try program.finish()
            let without = program.records("sandbox.downgraded").compactMap { $0["without"]?.text }
            #expect(profile != "strict" || without.contains("credentials"), "\(without)")
        }
    }
}
