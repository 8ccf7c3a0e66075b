import JSON
import Testing

@testable import Celery

@Suite struct SignatureTests {
    private func body(_ name: String) throws -> TaskBody {
        try BodyDecoder().taskBody(of: Envelope(parsing: Fixture.named("messages/\(name).json").slice))
    }

    @Test func linksAreRead() throws {
        let embed = try self.body("link-many").embed
        #expect(embed.callbacks.map(\.task) == ["tasks.mul", "tasks.identity"])
        #expect(embed.callbacks.map(\.isImmutable) == [false, true])
        #expect(embed.callbacks[0].args == [10])
        #expect(embed.errbacks.map(\.task) == ["tasks.errback_old", "tasks.errback_new"])
        let nested = try #require(try self.body("link-nested").embed.callbacks.first)
        #expect(nested.links.map(\.task) == ["tasks.identity"])
        #expect(nested.errorLinks.map(\.task) == ["tasks.errback_old"])
    }

    @Test func chainIsReadLastStepFirst() throws {
        let chain = try self.body("chain-3").embed.chain
        #expect(chain.map(\.task) == ["tasks.add", "tasks.mul"])
        #expect(chain.allSatisfy { $0.kind == .task && $0.taskID != nil })
        let group = try #require(try self.body("chain-group-end").embed.chain.first)
        #expect(group.kind == .group)
        #expect(group.tasks?.count == 2)
        let chord = try #require(try self.body("chord-in-chain-0").embed.chord)
        #expect(chord.kind == .chain)
        #expect(chord.tasks?.map(\.task) == ["tasks.xsum", "tasks.mul"])
    }

    @Test func embedIsChangedInPlace() {
        var embed = Embed()
        embed.callbacks = [Signature(task: "a")]
        embed.chain = [Signature(task: "b")]
        embed.chord = Signature(task: "c", isImmutable: true)
        #expect(embed.members.keys == ["callbacks", "errbacks", "chain", "chord"])
        #expect(embed.chord?.isImmutable == true)
        embed.callbacks = []
        embed.chain = []
        embed.chord = nil
        #expect(embed == Embed())
    }

    @Test func missingMembersAreEmpty() throws {
        let signature = try #require(Signature(["task": "t", "args": nil, "more": 1] as CeleryValue))
        #expect(signature.args.isEmpty)
        #expect(signature.kwargs.members.isEmpty)
        #expect(signature.kind == .task)
        #expect(!signature.isImmutable)
        #expect(signature.members["more"] == 1)
        #expect(Signature(["args": []]) == nil)
        #expect(Signature(["task": "t", "options": []]) == nil)
    }

    @Test func valuesOfTheMomentAreMerged() {
        let options: CeleryObject = ["group_id": "g", "stamped_headers": ["s"], "s": 1, "queue": "q"]
        let signature = Signature(task: "t", args: [2], kwargs: ["a": 1, "b": 2], options: options)
        let late: CeleryObject = ["group_id": "h", "s": 2, "queue": "r", "priority": 3]
        let applied = signature.applying(args: [1], kwargs: ["b": 3], options: late)
        #expect(applied.args == [1, 2])
        #expect(applied.kwargs == ["a": 1, "b": 3])
        #expect(applied.options == ["group_id": "g", "stamped_headers": ["s"], "s": 1, "queue": "r", "priority": 3])
        let fixed = Signature(task: "t", args: [2], isImmutable: true).applying(args: [1], kwargs: ["b": 3])
        #expect(fixed.args == [2])
        #expect(fixed.kwargs.members.isEmpty)
    }

    @Test func nextStepIsTheMessageThatCelerySends() throws {
        let decoder = BodyDecoder()
        let messages = try (0..<3).map { try Envelope(parsing: Fixture.named("canvas/chain-msg-\($0).json").slice) }
        for index in 0..<2 {
            var chain = try decoder.taskBody(of: messages[index]).embed.chain
            let step = chain.removeLast()
            let sent = try decoder.taskBody(of: messages[index + 1])
            var occasion = NewTask.Occasion(freshID: "unused", now: 0)
            occasion.sender = try TaskHeaders(messages[index].headers)
            occasion.chain = chain
            let task = try NewTask(step.applying(args: [sent.args[0]]), occasion)
            let headers = try TaskHeaders(messages[index + 1].headers)
            #expect(task.headers.id == headers.id)
            #expect(task.headers.rootID == headers.rootID)
            #expect(task.headers.parentID == headers.parentID)
            #expect(task.body.args == sent.args)
            #expect(task.body.embed.chain == sent.embed.chain)
        }
    }

    @Test func optionsBecomeHeadersAndProperties() throws {
        let options: CeleryObject = [
            "task_id": "id", "group_id": "g", "group_index": 4, "countdown": 10, "expires": 60, "time_limit": 9,
            "queue": "q", "priority": 5, "reply_to": "r", "headers": ["x": 1], "stamped_headers": ["s"], "s": [1],
            "shadow": "name", "serializer": "msgpack", "compression": "zlib", "ignore_result": true,
            "link": ["task": "l"], "link_error": [["task": "e"]], "chord": ["task": "c"], "chain": [["task": "n"]],
        ]
        var occasion = NewTask.Occasion(freshID: "fresh", now: 1_935_630_121)
        occasion.chain = [Signature(task: "last")]
        let task = try NewTask(Signature(task: "t", options: options), occasion)
        #expect(task.headers.id == "id")
        #expect(task.headers.rootID == "id")
        #expect(task.headers.parentID == nil)
        #expect(task.headers.group == "g")
        #expect(task.headers.groupIndex == 4)
        #expect(task.headers.eta?.text == "2031-05-04T03:02:11+00:00")
        #expect(task.headers.expires?.text == "2031-05-04T03:03:01+00:00")
        #expect(task.expiration == 60_000)
        #expect(task.headers.timeLimits.hard?.asInt == 9)
        #expect(task.headers.stampedHeaders == ["s"])
        #expect(task.headers.stamps["s"]?.description == "[1]")
        #expect(task.headers.others["x"]?.integer == 1)
        #expect(task.headers.shadow == "name")
        #expect(task.headers.ignoreResult == true)
        #expect((task.routingKey, task.priority, task.replyTo) == ("q", 5, "r"))
        #expect(task.serializer == .messagePack)
        #expect(task.compression == .zlib)
        #expect(task.body.embed.callbacks.map(\.task) == ["l"])
        #expect(task.body.embed.errbacks.map(\.task) == ["e"])
        #expect(task.body.embed.chord?.task == "c")
        #expect(task.body.embed.chain.map(\.task) == ["last", "n"])
    }

    @Test func headersOfTheCallerOverrideOthers() throws {
        let options: CeleryObject = ["headers": ["origin": "me", "x": 1, "x": 2]]
        let task = try NewTask(Signature(task: "t", options: options), NewTask.Occasion(freshID: "1", now: 0))
        let envelope = try Envelope(parsing: task.envelope(deliveryTag: "d").serialized()[...])
        #expect(try TaskHeaders(envelope.headers).origin == "me")
        #expect(envelope.headers["x"]?.integer == 2)
    }

    @Test func onlyTasksAreOneMessage() {
        let occasion = NewTask.Occasion(freshID: "1", now: 0)
        for kind in ["chain", "group", "chord", "xmap"] {
            let signature = Signature(["task": "t", "subtask_type": .string(kind)])!
            #expect(throws: BodyError.self) { try NewTask(signature, occasion) }
        }
        for option: CeleryObject in [
            ["eta": "soon"], ["countdown": CeleryValue(1e300)], ["expires": []], ["serializer": "pickle"],
        ] {
            #expect(throws: BodyError.self) { try NewTask(Signature(task: "t", options: option), occasion) }
        }
    }
}
