import EngineSupport
import JSON
import Testing

extension RedisTests {
    /// `send`, `result`, `queues` and `purge` through the real program.
    @Suite struct ClientCommandTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        private func run(_ arguments: String..., input: String = "") throws -> Ended {
            try Ended(arguments, server: self.server, input: input)
        }

        @Test func sendWaitsForTheResult() throws {
            let worker = try Program(worker: self.server, ["--max-retries", "0"])
            let sum = try self.run("send", "tasks.add", "--args", "[2, 3]", "--wait", "--timeout", "20s")
            #expect((sum.status, sum.lines) == (0, ["5"]))
            let named = try self.run("send", "tasks.add", "--kwargs", #"{"x": "a", "y": "b"}"#, "--wait", "--json")
            #expect(named.status == 0)
            #expect(named.json["result"] == "ab")
            #expect(named.json["state"] == "SUCCESS")
            let failure = try self.run("send", "tasks.fail", "--args", #"["no luck"]"#, "--wait", "--timeout", "20s")
            #expect(failure.status == 1)
            #expect(failure.errors.contains("DemoError: no luck"))
            let packed = try self.run(
                "send", "tasks.identity", "--args", "[[1]]", "--serializer", "msgpack", "--compression", "zstd",
                "--wait")
            #expect(packed.lines == ["[1]"])
            try worker.end()
        }

        @Test func sendPrintsTheIDAndResultFollowsIt() throws {
            let sent = try self.run("send", "tasks.add", "--args", "[2, 3]", "--id", "chosen")
            #expect((sent.status, sent.lines) == (0, ["chosen"]))
            let waiting = try self.run("result", "chosen")
            #expect((waiting.status, waiting.lines) == (4, ["PENDING"]))
            let late = try self.run("result", "chosen", "--wait", "--timeout", "100ms")
            #expect(late.status == 4)
            let worker = try Program(worker: self.server)
            #expect(try self.run("result", "chosen", "--wait", "--timeout", "20s").lines == ["5"])
            #expect(try self.run("result", "chosen", "--json", "--forget").json["result"] == 5)
            #expect(try self.run("result", "chosen").status == 4)
            try worker.end()
        }

        @Test func linesAreSentAndBadOnesTold() throws {
            var lines = (0..<3_000).map { #"{"task":"demo.noop","id":"n\#($0)","priority":3}"# }
            lines.insert(#"{"tsk":"x"}"#, at: 1)
            lines.append(#"{"task":"x","limits":{"memory":"1MiB"}}"#)
            let sent = try self.run("send", "--lines", "-", "--queue", "bulk", input: lines.joined(separator: "\n"))
            #expect(sent.status == 1)
            #expect(sent.lines.count == 3_000)
            #expect((sent.lines.first, sent.lines.last) == ("n0", "n2999"))
            #expect(sent.errors.contains("line 2: column 3: unknown field \"tsk\""))
            #expect(sent.errors.contains("line 3002: a message can set hard_time and soft_time"))
            #expect(try self.server.length("bulk\u{6}\u{16}3") == 3_000)
        }

        @Test func queuesCountsWhatWaits() throws {
            _ = try self.run("send", "demo.noop", "--queue", "video", "--priority", "7")
            _ = try self.run("send", "demo.noop", "--queue", "video")
            let state = try self.run("queues", "--json").json
            #expect(
                state["queues"] == [
                    ["name": "celery", "priorities": ["0": 0, "3": 0, "6": 0, "9": 0], "total": 0],
                    ["name": "video", "priorities": ["0": 1, "3": 0, "6": 1, "9": 0], "total": 2],
                ])
            #expect(state["workers"] == 0)
            let worker = try Program(worker: self.server)
            try wait(for: "a sign of life") { try self.run("queues", "--json").json["workers"] == 1 }
            let text = try self.run("queues", "video").output
            #expect(text.contains("unacknowledged 0, scheduled 0, dead 0, workers alive 1"))
            try worker.end()
        }

        @Test func purgeNeedsAWord() throws {
            for _ in 0..<3 { _ = try self.run("send", "demo.noop", "--queue", "video", "--priority", "9") }
            let refused = try self.run("purge", "video")
            #expect(refused.status == 2)
            #expect(refused.errors.contains("--yes"))
            let purged = try self.run("purge", "video", "celery", "--yes")
            #expect((purged.status, purged.lines) == (0, ["video: 3 deleted", "celery: 0 deleted"]))
            #expect(try self.server.length("video\u{6}\u{16}9") == 0)
        }

        @Test(
            arguments: [
                (["send"], "Give the name of a task, or --lines."),
                (["send", "t", "--lines", "-"], "Give the name of a task, or --lines."),
                (["send", "t", "--args", "{}"], "--args: must be a JSON array"),
                (["send", "t", "--kwargs", "[1"], "--kwargs: "),
                (["send", "t", "--countdown", "5"], "--countdown: \"5\" has no unit"),
                (["send", "t", "--eta", "tomorrow"], "--eta: \"tomorrow\" is no time"),
                (["send", "t", "--expires", "soon"], "--expires: "),
                (["send", "t", "--priority", "11"], "the priority 11 is not from 0 to 9"),
                (["send", "t", "--serializer", "pickle"], "--serializer: \"pickle\" is none of json"),
                (["send", "--lines", "/nowhere/at/all"], "cannot read /nowhere/at/all"),
                (["send", "t", "--timeout", "5s"], "--timeout needs --wait"),
                (["dead", "list", "--reason", "bad"], "--reason: \"bad\" is no reason"),
                (["dead", "list", "--since", "later"], "--since: \"later\" is neither a time"),
                (["dead", "replay"], "Say which letters, or --all."),
                (["dead", "purge", "--yes"], "Say which letters, or --all."),
            ])
        func badUsageIsToldWithStatus2(_ arguments: [String], _ text: String) throws {
            let ended = try Ended(arguments, server: self.server)
            #expect(ended.status == 2)
            #expect(ended.errors.contains(text), "\(ended.errors)")
        }

        @Test func serverThatIsNotThereIsToldAtOnce() throws {
            let port = try LocalSocket.freePort()
            for command in [["send", "t"], ["queues"], ["dead", "list"], ["purge", "q", "--yes"]] {
                let ended = try Ended(command + ["--broker", "redis://127.0.0.1:\(port)/0"])
                #expect(ended.status == 3)
                #expect(ended.errors.contains("cannot connect to 127.0.0.1:\(port)"), "\(ended.errors)")
            }
            let nobody = try Ended(["queues"])
            #expect(nobody.status == 2)
            #expect(nobody.errors.contains("which server?"))
        }

        @Test func wrongPasswordIsToldWithoutIt() throws {
            let server = try RedisServer(["requirepass": "open-sesame"])
            let ended = try Ended(["queues", "--broker", "redis://:guess@127.0.0.1:\(server.port)/0"])
            #expect(ended.status == 3)
            #expect(ended.errors.contains("WRONGPASS"))
            #expect(!ended.errors.contains("guess"))
        }
    }
}

/// A command of the demo program that has ended.
struct Ended {
    let status: CInt
    let lines: [String]
    let errors: String

    init(_ arguments: [String], server: RedisServer? = nil, input: String = "") throws {
        let servers = server.map { ["--broker", $0.url(), "--result-backend", $0.url(database: 1)] } ?? []
        let program = try Program(
            command: [Executable.demo.path] + arguments + servers,
            expectsOutcomes: false)
        program.send(text: input)
        self.status = try program.finish()
        self.lines = program.outputLines
        self.errors = program.errorText
    }

    var output: String { self.lines.joined(separator: "\n") }

    /// The first line as JSON.
    var json: JSONValue { (try? JSONValue(parsing: Array((self.lines.first ?? "").utf8))) ?? .null }
}
