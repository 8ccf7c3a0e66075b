import EngineSupport
import Glibc
import JSON
import Testing

extension AcceptanceTests {
    /// Workflows that a Python application sends: groups, chords, and whatever is in them.
    @Suite struct CanvasTests {
        let installation: Installation
        let worker: TestedWorker
        private var client: CeleryClient { self.installation.client }

        init() throws {
            self.installation = try Installation()
            self.worker = try TestedWorker(self.installation.server)
        }

        static func task(_ name: String, _ arguments: JSONValue..., options: JSONObject = [:]) -> JSONValue {
            .object(["task": .string("tasks.\(name)"), "args": .array(arguments), "options": .object(options)])
        }

        static func chain(_ steps: JSONValue...) -> JSONValue { ["chain": .array(steps)] }
        static func group(_ members: JSONValue...) -> JSONValue { ["group": .array(members)] }
        static func chord(_ header: JSONValue..., body: JSONValue) -> JSONValue {
            ["chord": .array(header), "body": body]
        }

        /// A workflow, and what Celery's own worker makes of it.
        struct Case: CustomTestStringConvertible {
            let name: String
            let workflow: JSONValue
            let result: JSONValue

            init(_ name: String, _ workflow: JSONValue, _ result: JSONValue) {
                (self.name, self.workflow, self.result) = (name, workflow, result)
            }

            var testDescription: String { self.name }
        }

        static let add = Self.task("add", 1, 1)
        static let sum = Self.task("xsum")

        static let cases: [Case] = [
            Case("group", group(task("add", 1, 1), task("add", 2, 2)), [2, 4]),
            Case("group in a group", group(group(add, add), add), [2, 2, 2]),
            Case("chord", chord(task("add", 1, 1), task("add", 2, 2), body: sum), 6),
            Case("chord without a header", chord(body: sum), 0),
            Case("chord with a chain behind it", chain(group(add, add), sum, task("mul", 2)), 8),
            Case("chain into a chord", chain(add, group(task("mul", 3), task("mul", 4)), sum, task("add", 1)), 15),
            Case("group behind a group", chain(group(add, add), group(task("xsum"), task("xsum"))), [4, 4]),
            Case("chord of chains", chord(chain(add, task("mul", 2)), chain(add, task("mul", 3)), body: sum), 10),
            Case("chord in a chord", chord(chord(add, add, body: sum), add, body: sum), 6),
            Case("three levels", chord(chord(chord(add, add, body: sum), add, body: sum), add, body: sum), 8),
            Case(
                "chord with a chord as its body", chord(add, add, body: chord(task("xsum"), task("xsum"), body: sum)), 8
            ),
            Case("body that is a group", chord(add, add, body: group(task("identity"), sum)), [[2, 2], 4]),
            Case("body that is a chain", chord(add, add, body: chain(sum, task("mul", 3))), 12),
            Case(
                "group at a part's end",
                chord(chain(add, group(task("mul", 2), task("mul", 3))), add, body: task("identity")),
                [[4, 6], 2]),
            Case(
                "two chords one behind the other",
                chain(group(add, add), sum, group(task("mul", 2), task("mul", 3)), sum), 20),
            Case("chain in a group", group(chain(add, task("mul", 2)), add), [4, 2]),
            Case("map", ["map": "tasks.xsum", "it": [[1, 2], [3]]], [3, 3]),
            Case("starmap", ["starmap": "tasks.add", "it": [[1, 2], [3, 4]]], [3, 7]),
            Case("chunks", ["chunks": "tasks.add", "it": [[1, 2], [3, 4], [5, 6]], "n": 2], [[3, 7], [11]]),
            Case("replaced", task("replace", 1), [202, 303]),
            Case("replaced in a chain", chain(task("replace", 1), sum), 505),
            Case("replaced in a chord", chord(task("replace", 1), add, body: task("identity")), [[202, 303], 2]),
        ]

        @Test func workflowsHaveTheirResults() throws {
            let sent = try Self.cases.map { try self.client.sendWorkflow($0.workflow) }
            for (one, sent) in zip(Self.cases, sent) {
                guard let result = try? self.client.workflowResult(sent) else {
                    Issue.record("\(one.name) has no result: \(try self.client.states(sent.ids))")
                    continue
                }
                #expect(result.value == one.result, "\(one.name): \(result)")
            }
            try wait(for: "the queue to be empty") { try self.installation.isDrained() }
            if TestedWorker.isCelery { return }
            #expect(try self.installation.server.chordKeys() == [], "what chords leave has been cleared up")
        }

        /// Members of a chord that end in every way but the right one.
        static let culprits: [(name: String, member: JSONValue, word: String)] = [
            ("an error", task("fail", "on purpose"), "on purpose"),
            ("a child's death", ["task": "demo.kill_self"], "SIGKILL"),
            ("a limit", ["task": "tasks.sleep", "args": [60], "options": ["time_limit": 0.3]], "TimeLimitExceeded"),
            ("an unknown task", ["task": "tasks.nobody_knows"], "NotRegistered"),
            ("expiry", ["task": "tasks.add", "args": [1, 1], "options": ["expires": -1]], "expired"),
            ("a failed chord", chord(task("fail", "far inside"), add, body: sum), "far inside"),
            (
                "an expired step",
                chain(["task": "tasks.add", "args": [1, 1], "options": ["expires": -1]], task("add", 1)), "expired"
            ),
            ("an unknown step", chain(add, ["task": "tasks.nobody_knows"], task("add", 1)), "NotRegistered"),
        ]

        @Test(.enabled(if: !TestedWorker.isCelery, "Celery's workers leave some of these waiting"))
        func noMembersEndLeavesAChordWaiting() throws {
            let errback: JSONValue = ["task": "tasks.note", "args": ["errback"]]
            let sent = try Self.culprits.map { culprit in
                var body = JSONObject()
                body["task"] = "tasks.xsum"
                body["link_error"] = [errback]
                return try self.client.sendWorkflow(
                    Self.chain(Self.chord(Self.add, culprit.member, body: .object(body)), Self.task("add", 1)))
            }
            for (culprit, sent) in zip(Self.culprits, sent) {
                let result = try self.client.workflowResult(sent)
                #expect(result.exception?.type == "ChordError", "\(culprit.name): \(result)")
                #expect(result.exception?.message.contains(culprit.word) == true, "\(culprit.name): \(result)")
            }
            try wait(for: "the queue to be empty") { try self.installation.isDrained() }
            #expect(try self.installation.marks().count == Self.culprits.count, "each body's errback, once")
            #expect(try self.installation.server.chordKeys() == [])
        }
    }
}

extension RedisServer {
    /// The keys of chords that are not over.
    func chordKeys() throws -> [String] {
        let connection = try self.connect()
        _ = try connection.command(["SELECT", "1"])
        let keys = try connection.command(["KEYS", "celery-taskset-meta-*"]).texts
        return keys.filter { $0.dropLast().last == "." && !$0.hasSuffix(".c") }.sorted()
    }
}
