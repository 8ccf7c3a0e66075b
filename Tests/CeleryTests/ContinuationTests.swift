import JSON
import Testing

@testable import Celery

@Suite struct ContinuationTests {
    /// Hands out the given ids, then made-up ones.
    private final class IDs {
        private var left: ArraySlice<String>
        private var count = 0

        init(_ ids: [String]) { self.left = ids[...] }

        func next() -> String {
            self.count += 1
            return self.left.popFirst() ?? "fresh-\(self.count)"
        }
    }

    private func envelope(_ name: String) throws -> Envelope {
        try Envelope(parsing: Fixture.named("canvas/\(name).json").slice)
    }

    /// What follows a captured message, sent by whoever sent `answer`.
    private func continuation(of name: String, answer: Envelope) throws -> Continuation {
        let message = try TaskMessage(try self.envelope(name))
        let body = try BodyDecoder().taskBody(of: message.envelope)
        var continuation = Continuation(of: message.headers, body.embed)
        continuation.origin = answer.headers["origin"]?.text
        continuation.replyTo = answer.replyTo
        return continuation
    }

    private func continuation(_ embed: Embed) -> Continuation {
        var headers = TaskHeaders(task: "t", id: "own")
        headers.rootID = "root"
        return Continuation(of: headers, embed)
    }

    private func texts(_ publications: [Publication]) -> [String] {
        publications.map { String(decoding: $0.envelope.serialized(), as: UTF8.self) }
    }

    private func children(_ name: String) throws -> [ResultNode]? {
        try ResultDocument(parsing: Fixture.named("canvas/\(name).json").slice).children
    }

    @Test(arguments: [
        ("chain-msg-0", 3, "chain-msg-1", "chain-result-0"), ("chain-msg-1", 9, "chain-msg-2", "chain-result-1"),
    ])
    func nextStepIsSentAsCeleryDoes(_ name: String, _ value: Int, _ next: String, _ result: String) throws {
        let expected = try self.envelope(next)
        let ids = IDs([expected.deliveryTag])
        let success = try self.continuation(of: name, answer: expected)
            .succeeded(with: .number(JSONNumber(value)), now: 0, makeID: ids.next)
        #expect(self.texts(success.publications) == [try Fixture.named("canvas/\(next).json").text])
        #expect(success.publications.map(\.routingKey) == ["celery"])
        #expect(success.children == (try self.children(result)))
    }

    @Test func lastStepIsFollowedByNothing() throws {
        let last = try self.envelope("chain-msg-2")
        let success = try self.continuation(of: "chain-msg-2", answer: last)
            .succeeded(with: 13, now: 0, makeID: IDs([]).next)
        #expect(success == Continuation.Success())
    }

    @Test func severalCallbacksAreSentAsAGroup() throws {
        let first = try self.envelope("link-two-msg-1")
        let second = try self.envelope("link-two-msg-2")
        let group = try #require(try TaskHeaders(first.headers).group)
        let ids = IDs(
            [group] + [first, second].flatMap { [$0.correlationID ?? "", $0.deliveryTag] }
        )
        let success = try self.continuation(of: "link-two-msg-0", answer: first)
            .succeeded(with: 3, now: 0, makeID: ids.next)
        #expect(
            self.texts(success.publications)
                == [
                    try Fixture.named("canvas/link-two-msg-1.json").text,
                    try Fixture.named("canvas/link-two-msg-2.json").text,
                ]
        )
        let own = try Fixture.all(in: "canvas").filter { $0.name.contains("link-two-result") }
            .map { try ResultDocument(parsing: $0.slice) }.first { $0.groupID == nil }
        #expect(success.children == own?.children)
    }

    @Test func stepThatIsAGroupStartsAllItsMembers() throws {
        let members = [try self.envelope("chain-into-group-msg-1"), try self.envelope("chain-into-group-msg-2")]
            .sorted { $0.headers["group_index"]?.integer ?? 0 < $1.headers["group_index"]?.integer ?? 0 }
        let success = try self.continuation(of: "chain-into-group-msg-0", answer: members[0])
            .succeeded(with: 3, now: 0, makeID: IDs(members.map(\.deliveryTag)).next)
        #expect(success.publications.map(\.envelope) == members)
        let documents = try Fixture.all(in: "canvas").filter { $0.name.contains("chain-into-group-result") }
            .map { try ResultDocument(parsing: $0.slice) }
        #expect(success.children == documents.first { $0.groupID == nil }?.children)
    }

    @Test func errbacksGetTheIDOfTheFailedTask() throws {
        let expected = try self.envelope("link-error-old-msg-1")
        let group = try #require(try TaskHeaders(expected.headers).group)
        let ids = IDs([group, expected.correlationID ?? "", expected.deliveryTag])
        let failure = try self.continuation(of: "link-error-old-msg-0", answer: expected)
            .failed(now: 0, makeID: ids.next)
        #expect(self.texts(failure.publications).first == (try Fixture.named("canvas/link-error-old-msg-1.json").text))
        // In the capture the second one was called in the worker; here it is a message too.
        let other = try TaskHeaders(#require(failure.publications.last).envelope.headers)
        #expect(failure.publications.count == 2)
        #expect(other.task == "tasks.errback_new")
        #expect(other.group == group)
        #expect(other.groupIndex == 1)
        #expect(failure.unsent.isEmpty)
        #expect(failure.failedSteps.isEmpty)
    }

    @Test func remainingStepsFailToo() throws {
        let expected = try self.envelope("chain-error-msg-1")
        let group = try #require(try TaskHeaders(expected.headers).group)
        let ids = IDs([group, expected.correlationID ?? "", expected.deliveryTag])
        let failure = try self.continuation(of: "chain-error-msg-0", answer: expected).failed(now: 0, makeID: ids.next)
        #expect(self.texts(failure.publications) == [try Fixture.named("canvas/chain-error-msg-1.json").text])
        let own = try ResultDocument(parsing: Fixture.named("canvas/chain-error-result-0.json").slice)
        let documents = try failure.failedSteps.enumerated().map { index, step in
            let stored = try Fixture.named("canvas/chain-error-result-\(index + 1).json")
            let date = try #require(try ResultDocument(parsing: stored.slice).dateDone)
            let document = try step.document(#require(own.failure), traceback: own.traceback, at: date)
            #expect(String(decoding: document.serialized(), as: UTF8.self) == stored.text)
            return document
        }
        #expect(documents.count == 2)
    }

    @Test func optionsOfAStepAreKept() throws {
        let message = try TaskMessage(Envelope(parsing: Fixture.named("messages/chain-options.json").slice))
        let embed = try BodyDecoder().taskBody(of: message.envelope).embed
        let success = try Continuation(of: message.headers, embed).succeeded(with: 3, now: 100, makeID: IDs([]).next)
        let step = try #require(success.publications.first)
        let headers = try TaskHeaders(step.envelope.headers)
        #expect(step.routingKey == "other")
        #expect(headers.eta?.seconds == 105)
        #expect(headers.timeLimits.hard == JSONNumber(9))
        #expect(headers.parentID == message.headers.id)
    }

    @Test func signaturesThatNameNoQueueGoToTheDefaultOne() throws {
        var embed = Embed()
        embed.callbacks = [Signature(task: "a", options: ["priority": 6])]
        var continuation = self.continuation(embed)
        continuation.defaultQueue = "video"
        let success = try continuation.succeeded(with: nil, now: 0, makeID: IDs([]).next)
        #expect(success.publications.map(\.routingKey) == ["video"])
        #expect(success.publications.map(\.priority) == [6])
        #expect(success.children == [.task(id: "fresh-1", parent: nil)])
    }

    @Test func linksOfAStepAreEmbeddedInItsMessage() throws {
        let errback = Signature(task: "e")
        var embed = Embed()
        embed.chain = [
            Signature(
                task: "a",
                options: ["link": .object(Signature(task: "b").members), "link_error": [.object(errback.members)]])
        ]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        let body = try BodyDecoder().taskBody(of: #require(success.publications.first).envelope)
        #expect(body.embed.callbacks == [Signature(task: "b")])
        #expect(body.embed.errbacks == [errback])
        #expect(body.args == [1])
    }

    @Test func callbacksComeBeforeTheNextStepAndGroupsBeforeOthers() throws {
        var embed = Embed()
        embed.callbacks = [Signature(task: "a"), Self.group([Signature(task: "b")]), Signature(task: "c")]
        embed.chain = [Signature(task: "z", options: ["task_id": "z"])]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        #expect(try self.tasks(success.publications) == ["b", "a", "c", "z"])
        #expect(success.children.count == 3)
        #expect(success.children.last == .task(id: "z", parent: nil))
    }

    @Test func groupsInsideGroupsAreFlattened() throws {
        let inner = Self.group([Signature(task: "a"), Self.group([Signature(task: "b")])])
        var embed = Embed()
        embed.chain = [Self.group([inner, Signature(task: "c")], options: ["task_id": "g", "queue": "q"])]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        let headers = try success.publications.map { try TaskHeaders($0.envelope.headers) }
        #expect(headers.map(\.task) == ["a", "b", "c"])
        #expect(headers.map(\.groupIndex) == [0, 1, 2])
        #expect(headers.allSatisfy { $0.group == "g" && $0.rootID == "root" && $0.parentID == "own" })
        #expect(success.publications.allSatisfy { $0.routingKey == "q" })
    }

    @Test func stepThatIsAChainComesBeforeTheRest() throws {
        let nested = Self.chain([Signature(task: "a"), Self.chain([Signature(task: "b")]), Signature(task: "c")])
        var embed = Embed()
        embed.chain = [Signature(task: "z"), nested]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        #expect(try self.tasks(success.publications) == ["a"])
        let body = try BodyDecoder().taskBody(of: #require(success.publications.first).envelope)
        #expect(body.args == [1])
        #expect(body.embed.chain.map(\.task) == ["z", "c", "b"])
        #expect(body.embed.chain.dropFirst().allSatisfy { $0.taskID != nil })
    }

    @Test func chainThatIsACallbackKeepsItsLinks() throws {
        let options: CeleryObject = [
            "task_id": "last", "link": [.object(Signature(task: "l").members)],
            "link_error": .object(Signature(task: "e").members), "queue": "q", "group_id": nil,
        ]
        var embed = Embed()
        embed.callbacks = [Self.chain([Signature(task: "a"), Signature(task: "b")], options: options)]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        let first = try #require(success.publications.first)
        let body = try BodyDecoder().taskBody(of: first.envelope)
        #expect(first.routingKey == "q")
        #expect(body.embed.callbacks.isEmpty)
        #expect(body.embed.errbacks.map(\.task) == ["e"])
        #expect(body.embed.chain.map(\.taskID) == ["last"])
        #expect(body.embed.chain[0].links.map(\.task) == ["l"])
        #expect(body.embed.chain[0].errorLinks.map(\.task) == ["e"])
        #expect(success.children.map(\.id) == [first.envelope.correlationID])
    }

    @Test func chainInAGroupHasItsResultInTheLastStep() throws {
        let chain = Self.chain([
            Signature(task: "a", options: ["task_id": "1"]), Signature(task: "b", options: ["task_id": "2"]),
        ])
        var embed = Embed()
        embed.callbacks = [Self.group([chain], options: ["task_id": "g"])]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        let member = ResultNode.task(id: "2", parent: .task(id: "1", parent: nil))
        #expect(success.children == [.group(id: "g", parent: nil, members: [member])])
        let first = try #require(success.publications.first).envelope
        #expect(try TaskHeaders(first.headers).group == nil)
        let last = try #require(BodyDecoder().taskBody(of: first).embed.chain.first)
        #expect(last.option("group_id") == "g")
        #expect(last.option("group_index") == 0)
    }

    @Test func resultOfALongChainCanBeReadBack() throws {
        let chain = Self.chain((0..<1_000).map { Signature(task: "\($0)", options: ["task_id": .string("\($0)")]) })
        var embed = Embed()
        embed.callbacks = [Self.group([chain])]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        #expect(success.children.map { ResultNode($0.value) } == success.children)
    }

    @Test func chainsWithoutStepsAreLeftOut() throws {
        var embed = Embed()
        embed.callbacks = [Self.chain([])]
        embed.chain = [Signature(task: "z"), Self.chain([])]
        let success = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        #expect(try self.tasks(success.publications) == ["z"])
        #expect(success.children.count == 1)
    }

    @Test func immutableChainsTakeNoValue() throws {
        var embed = Embed()
        var chain = Self.chain([Signature(task: "a", args: [7])])
        embed.callbacks = [chain]
        let mutable = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        #expect(try BodyDecoder().taskBody(of: mutable.publications[0].envelope).args == [1, 7])
        var members = chain.members
        members["immutable"] = true
        chain = try #require(Signature(.object(members)))
        embed.callbacks = [chain]
        let immutable = try self.continuation(embed).succeeded(with: 1, now: 0, makeID: IDs([]).next)
        #expect(try BodyDecoder().taskBody(of: immutable.publications[0].envelope).args == [7])
    }

    @Test func errbackThatCannotBeSentKeepsNoOtherFromBeing() throws {
        var embed = Embed()
        embed.errbacks = [
            Signature(task: "celery.chord").ofKind("chord"), Signature(task: "e", args: ["own"], isImmutable: true),
            Signature(task: "bad", options: ["eta": "soon"]),
        ]
        let failure = self.continuation(embed).failed(now: 0, makeID: IDs([]).next)
        #expect(try self.tasks(failure.publications) == ["e"])
        #expect(try BodyDecoder().taskBody(of: failure.publications[0].envelope).args == ["own"])
        #expect(failure.unsent.count == 2)
    }

    @Test func whateverHasAnIDInTheRestOfAChainFails() throws {
        let chord = try TaskMessage(Envelope(parsing: Fixture.named("canvas/chain-group-chord-msg-0.json").slice))
        let embed = try BodyDecoder().taskBody(of: chord.envelope).embed
        let steps = Continuation(of: chord.headers, embed).failed(now: 0, makeID: IDs([]).next).failedSteps
        let group = "368db7c9-2566-434a-968c-a3ef6989bc24"
        #expect(
            steps == [
                FailedStep(taskID: "5065b110-cebd-448b-81f4-a2cc902bbf96"), FailedStep(taskID: group),
                FailedStep(taskID: "529936a8-3853-4367-aedb-87363cd2b488", groupID: group),
                FailedStep(taskID: "7876fff1-cd2c-42b9-8b76-2b3d59b8d8dc", groupID: group),
                FailedStep(taskID: "0d3de6c5-6ba0-4d68-9f4b-83e2cc52a9e5"),
            ]
        )
    }

    @Test func stepsOfAGroupOrWithoutIDFailAsFarAsTheyAreKnown() {
        var embed = Embed()
        embed.chain = [
            Signature(task: "a", options: ["task_id": "1", "group_id": "g", "parent_id": "p"]), Signature(task: "b"),
            Self.chain([Signature(task: "c", options: ["task_id": "2"])]),
        ]
        let steps = self.continuation(embed).failed(now: 0, makeID: IDs([]).next).failedSteps
        #expect(steps == [FailedStep(taskID: "1", groupID: "g", parentID: "p"), FailedStep(taskID: "2")])
    }

    private func tasks(_ publications: [Publication]) throws -> [String] {
        try publications.map { try TaskHeaders($0.envelope.headers).task }
    }

    private static func group(_ tasks: [Signature], options: CeleryObject = [:]) -> Signature {
        self.nested("group", tasks, options)
    }

    private static func chain(_ tasks: [Signature], options: CeleryObject = [:]) -> Signature {
        self.nested("chain", tasks, options)
    }

    private static func nested(_ kind: String, _ tasks: [Signature], _ options: CeleryObject) -> Signature {
        let members = CeleryValue.array(tasks.map { .object($0.members) })
        return Signature(task: "celery.\(kind)", kwargs: ["tasks": members], options: options).ofKind(kind)
    }
}

extension Signature {
    /// The same signature with another `subtask_type`.
    fileprivate func ofKind(_ kind: String) -> Signature {
        var members = self.members
        members["subtask_type"] = .string(kind)
        return Signature(.object(members)) ?? self
    }
}
