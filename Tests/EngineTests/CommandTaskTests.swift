import EngineSupport
import Glibc
import JSON
import Testing

extension EngineTests {
    /// Programs as tasks, by the plain program and a configuration.
    @Suite struct CommandTaskTests {
        private static let configuration = #"""
            [tasks.cat]
            command = ["cat"]
            [tasks.text]
            command = ["echo", "plain text"]
            stdin = "none"
            [tasks.arguments]
            command = ["printf", "%s|", "{args[0]}", "--user={kwargs.name}", "{args}", "{kwargs}", "{id}", "{{x}}"]
            stdin = "none"
            [tasks.surroundings]
            command = ["sh", "-c", "echo $GREETING from $PWD"]
            environment = { GREETING = "hello" }
            working_directory = "/usr"
            [tasks.fails]
            command = ["sh", "-c", "echo one >&2; echo the reason >&2; exit 3"]
            [tasks.signalled]
            command = ["sh", "-c", "kill -9 $$"]
            [tasks.heeds]
            command = ["sh", "-c", "trap 'echo cleaned up; exit 0' TERM; while :; do sleep 0.02; done"]
            soft_time = "200ms"
            hard_time = "10s"
            [tasks.ignores]
            command = ["sh", "-c", "trap '' TERM; setsid sleep 1000 & sleep 1000 & wait"]
            soft_time = "100ms"
            hard_time = "300ms"
            [tasks.missing]
            command = ["/nonexistent/program"]
            [tasks.floods]
            command = ["head", "-c", "200000", "/dev/zero"]
            result = "64KiB"
            [tasks.reads]
            command = ["wc", "-c"]
            """#

        private func run(_ lines: String...) throws -> Run {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(Self.configuration, to: "celeriac.toml")
            return try Run(.plain, ["-c", "1", "--config", config], lines)
        }

        @Test func commandReadsItsMessageAndReturnsJSON() throws {
            let result = try self.run(call("cat", 1, "two", id: "a", named: ["key": ["value"]]))["a"].result
            #expect(result == ["args": [1, "two"], "kwargs": ["key": ["value"]], "id": "a", "attempt": 1])
        }

        @Test func outputThatIsNoJSONIsText() throws {
            #expect(try self.run(call("text", id: "a"))["a"].result == "plain text")
        }

        @Test func argumentsAreFilledInAndNeverRead() throws {
            let run = try self.run(
                call("arguments", "$(id); {id} '", id: "a", named: ["name": "Ada"]), call("arguments", 1, id: "b"))
            #expect(
                run["a"].result
                    == #"$(id); {id} '|--user=Ada|["$(id); {id} '"]|{"name":"Ada"}|a|{x}|"#)
            #expect(run["b"].errorType == "ArgumentError")
            #expect(run["b"].message.contains("name"))
        }

        @Test func environmentAndDirectoryAreSet() throws {
            #expect(try self.run(call("surroundings", id: "a"))["a"].result == "hello from /usr")
        }

        @Test func failureTellsTheStatusAndTheEndOfStandardError() throws {
            let run = try self.run(call("fails", id: "a"), call("signalled", id: "b"), call("missing", id: "c"))
            #expect(run["a"].errorType == "CommandError")
            #expect(run["a"].message == "the command exited with code 3: one\nthe reason\n")
            #expect(run["b"].message == "the command was ended by SIGKILL")
            #expect(run["c"].message.contains("cannot start /nonexistent/program: No such file"))
            #expect(Set(run.outcomes.compactMap(\.pid)).count == 1, "the child goes on")
        }

        @Test func softLimitIsATermination() throws {
            let run = try self.run(call("heeds", id: "a"), call("text", id: "b"))
            #expect(run["a"].result == "cleaned up")
            #expect(run["a"].runtime ?? 9 <= 0.5)
            #expect(run["b"].pid != run["a"].pid)
        }

        @Test func hardLimitEndsTheWholeTree() throws {
            let run = try self.run(call("ignores", id: "a"), call("text", id: "b"))
            #expect(run["a"].errorType == "TimeLimitExceeded")
            #expect(run["a"].runtime ?? 9 <= 0.55)
            #expect(run["b"].state == "SUCCESS")
        }

        @Test func outputAboveTheResultLimitFails() throws {
            let run = try self.run(call("floods", id: "a"), call("text", id: "b"))
            #expect(run["a"].state == "FAILURE")
            #expect(run["a"].message.contains("65536 bytes"))
            #expect(run["b"].state == "SUCCESS")
        }

        @Test func largeMessageReachesTheCommand() throws {
            let text = String(repeating: "x", count: 1_000_000)
            let run = try self.run(call("reads", .string(text), id: "a"))
            #expect(run["a"].result?.integer ?? 0 > 1_000_000)
        }
    }
}
