import JSON
import Testing

@testable import Celery

/// Chords as Celery's workers send them, return to them and join them.
@Suite struct ChordTests {
    private func message(_ name: String) throws -> (message: TaskMessage, body: TaskBody) {
        let message = try TaskMessage(Envelope(parsing: Fixture.named("\(name).json").slice))
        return (message, try BodyDecoder().taskBody(of: message.envelope))
    }

    private func continuation(_ name: String) throws -> Continuation {
        let (message, body) = try self.message(name)
        return Continuation(of: message.headers, body.embed)
    }

    /// What the message that asks for a join leaves behind.
    private func joining(_ part: ChordPart) throws -> Continuation {
        let message = try TaskMessage(part.join.envelope)
        return Continuation(of: message.headers, try BodyDecoder().taskBody(of: message.envelope).embed)
    }

    private func makeIDs() -> () -> String {
        var count = 0
        return {
            count += 1
            return "fresh-\(count)"
        }
    }

    /// The parts of a message that Celery and we must agree on, with what signatures say in any order and without nulls.
    private func summary(_ envelope: Envelope) throws -> CeleryValue {
        let headers = try TaskHeaders(envelope.headers)
        let body = try BodyDecoder().taskBody(of: envelope)
        return Self.plain([
            "task": .string(headers.task), "id": .string(headers.id), "group": headers.group.map { .string($0) } ?? nil,
            "index": headers.groupIndex.map { .integer($0) } ?? nil,
            "parent": headers.parentID.map { .string($0) } ?? nil,
            "root": headers.rootID.map { .string($0) } ?? nil, "body": body.value,
        ])
    }

    /// Sorted by key, without nulls and without what only some senders say.
    private static func plain(_ value: CeleryValue) -> CeleryValue {
        switch value {
        case .array(let elements): return .array(elements.map(self.plain))
        case .object(let object):
            let kept = object.members.filter { !$0.value.isNull && $0.key != "reply_to" && $0.key != "add_to_parent" }
            return .object(
                CeleryObject(
                    kept.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: self.plain($0.value)) }))
        default: return value
        }
    }

    private func summaries(_ names: [String]) throws -> [CeleryValue] {
        try names.map { try self.summary(self.message("canvas/\($0)").message.envelope) }
    }

    @Test func stepThatIsAChordIsSentAsCeleryDoes() throws {
        let sent = try self.continuation("canvas/chain-group-chord-msg-0")
            .succeeded(with: 3, now: 0, makeID: self.makeIDs())
        #expect(
            try sent.publications.map { try self.summary($0.envelope) }
                == self.summaries(["chain-group-chord-msg-1", "chain-group-chord-msg-2"]))
        #expect(sent.chords == [ChordStart(groupID: "368db7c9-2566-434a-968c-a3ef6989bc24", size: 2)])
        let own = try ResultDocument(parsing: Fixture.named("canvas/chain-group-chord-result-0.json").slice)
        #expect(sent.children == own.children)
        #expect(sent.part == nil)
    }

    @Test(arguments: [
        ("chain-group-chord", ["9", "12"], [3], 2), ("chord-group-body", ["2", "4"], [2, 3], 1),
        ("chord-inner-chord", ["2", "4"], [3], 0), ("chord-inner-chord", ["6", "6"], [4], 3),
    ])
    func bodyIsSentAsCeleryDoes(
        _ name: String, _ results: [String], _ expected: [Int], _ last: Int
    ) throws {
        // Which part returned last is to be seen in the body's parent.
        let sender = try self.continuation("canvas/\(name)-msg-\(last)")
        let part = try #require(try sender.succeeded(with: 1, now: 0, makeID: self.makeIDs()).part)
        let values = results.enumerated().map { index, result in
            ChordPart.value(Array("part-\(index)".utf8)[...], .success, Array(result.utf8)[...])[...]
        }
        let joined = try ChordResults(parts: values, tree: nil).values()
        let sent = try self.joining(part).joined(joined, now: 0, makeID: self.makeIDs())
        #expect(
            try sent.publications.map { try self.summary($0.envelope) }
                == self.summaries(expected.map { "\(name)-msg-\($0)" }))
    }

    @Test func partIsWrittenAsCeleryDoes() {
        let value = ChordPart.value(Array("529936a8".utf8)[...], .success, Array("9".utf8)[...])
        #expect(String(decoding: value, as: UTF8.self) == #"[1, "529936a8", "SUCCESS", 9]"#)
    }

    @Test func partsNeverHaveToBeOfOurMaking() throws {
        let parts = [
            #"[1, "a", "SUCCESS", 12345678901234567890123]"#,
            #"[1,"b","SUCCESS",{"__type__": "bytes", "__value__": "x"}]"#,
            #"[1, "c", "SUCCESS", NaN]"#,
        ].map { Array($0.utf8)[...] }
        let values = try ChordResults(parts: parts, tree: nil).values()
        #expect(try CeleryValue.array(values).json().count > 0)
        #expect(values[0] == .number(try #require(JSONNumber("12345678901234567890123"))))
    }

    @Test(arguments: ["", "{}", "[1]", #"[1, 2, "SUCCESS", 3]"#, #"[1, "a", "SUCCESS"]"#, "\u{80}\u{4}pickle"])
    func whatIsNoPartIsAnError(text: String) {
        #expect(throws: BodyError.self) { try ChordResults(parts: [Array(text.utf8)[...]], tree: nil) }
    }

    @Test func firstPartThatFailedIsTheReason() throws {
        let own = try Fixture.named("canvas/chord-error-result-1.json")
        let document = try ResultDocument(parsing: own.slice)
        let failed = ChordPart.value(Array(document.taskID.utf8)[...], .failure, document.result.bytes)
        let revoked = Array(#"[1, "z", "REVOKED", {"exc_type": "TaskRevokedError", "exc_message": ["revoked"]}]"#.utf8)
        let results = try ChordResults(
            parts: [Array(#"[1, "a", "SUCCESS", 2]"#.utf8)[...], failed[...], revoked[...]], tree: nil)
        let error = #expect(throws: ChordFailure.self) { try results.values() }
        let body = try ResultDocument(parsing: Fixture.named("canvas/chord-error-result-3.json").slice)
        #expect(error.map { TaskFailure.chord($0.description) } == body.failure)
    }

    @Test func bodyThatIsNotRunEndsAsCelerysDoes() throws {
        let failed = try self.continuation("canvas/chord-error-msg-1").failed(now: 0, makeID: self.makeIDs())
        let part = try #require(failed.part)
        #expect((part.index, part.groupID) == (1, "09db7a6e-2c71-4710-a791-6f28a2825d85"))
        let end = try self.joining(part).notJoined(now: 0, makeID: self.makeIDs())
        #expect(end.failedSteps.map(\.taskID) == ["ae33c55f-e4f3-4313-9a2f-42e22d1eae37"])
        let errback = try #require(end.publications.first)
        let (message, body) = try self.message("canvas/chord-error-msg-2")
        #expect(try BodyDecoder().taskBody(of: errback.envelope) == body)
        #expect(try TaskHeaders(errback.envelope.headers).parentID == message.headers.parentID)
        #expect(end.publications.count == 1)
    }

    /// Celery's workers forget this: their outer chord waits for ever.
    @Test func innerBodyThatIsNotRunReturnsToTheOuterChord() throws {
        let inner = try self.continuation("canvas/chord-inner-chord-msg-0").failed(now: 0, makeID: self.makeIDs())
        let end = try self.joining(#require(inner.part)).notJoined(now: 0, makeID: self.makeIDs())
        let outer = end.failedSteps.compactMap(\.part)
        #expect(outer.map(\.taskID) == ["23b7370f-8f89-4b94-8f1c-a81603014a44"])
        #expect(outer.map(\.groupID) == ["b4378ff1-c536-4090-b9bb-8df81abbaa2d"])
        #expect(outer.map(\.index) == [0])
        #expect(try self.joining(outer[0]).embed.chord?.taskID == "455985c8-cc12-4f1e-bab5-65782117b7e9")
    }

    @Test func stepsBehindAFailedOneReturnToTheirChord() throws {
        let end = try self.continuation("messages/chord-group-chain-group").failed(now: 0, makeID: self.makeIDs())
        #expect(end.part == nil)
        let parts = end.failedSteps.compactMap(\.part)
        #expect(
            parts.map(\.taskID) == ["6ec11f8e-3589-401c-8288-decbadb8c546", "cf9c306d-7609-4f5c-84ae-4a7b281dbbf8"])
        #expect(parts.map(\.index) == [0, 1])
        #expect(parts.allSatisfy { $0.groupID == "830880e4-d9ef-437d-8c15-3227bfe9fe0e" })
    }

    @Test func groupAtTheEndOfAPartReturnsToTheChord() throws {
        let sent = try self.continuation("messages/chord-group-chain-group")
            .succeeded(with: 2, now: 0, makeID: self.makeIDs())
        let headers = try sent.publications.map { try TaskHeaders($0.envelope.headers) }
        #expect(headers.map(\.group) == Array(repeating: "830880e4-d9ef-437d-8c15-3227bfe9fe0e", count: 2))
        #expect(headers.map(\.groupIndex) == [0, 1])
        #expect(sent.chords.isEmpty)
        let bodies = try sent.publications.map { try BodyDecoder().taskBody(of: $0.envelope).embed.chord?.taskID }
        #expect(bodies == Array(repeating: "841ff41e-6d2c-48d9-b685-62b7f04ed18e", count: 2))
    }

    // MARK: Our own

    private func sent(_ signature: Signature) throws -> Continuation.Success {
        let headers = TaskHeaders(task: "t", id: "own")
        return try Continuation(of: headers, Embed()).sent(signature, now: 0, makeID: self.makeIDs())
    }

    private func tasks(_ sent: Continuation.Success) throws -> [String] {
        try sent.publications.map { try TaskHeaders($0.envelope.headers).task }
    }

    @Test func chordInAChordCountsAsOnePart() throws {
        let inner = Signature.chord([Signature(task: "a"), Signature(task: "b")], Signature(task: "c"))
        let sent = try self.sent(.chord([inner, Signature(task: "d")], Signature(task: "e")))
        #expect(sent.chords.map(\.size) == [2, 2])
        #expect(try self.tasks(sent) == ["a", "b", "d"])
        let bodies = try sent.publications.map { try #require(BodyDecoder().taskBody(of: $0.envelope).embed.chord) }
        #expect(bodies.map(\.task) == ["c", "c", "e"])
        #expect(bodies[0].chord == bodies[2])
        #expect(bodies[0].option("group_id")?.asString == sent.chords[1].groupID)
        #expect(bodies[0].option("group_index") == 0)
    }

    @Test func headerWithAGroupAtAPartsEndHasATree() throws {
        let chain = Signature.chain([Signature(task: "a"), .group([Signature(task: "b"), Signature(task: "c")])])
        let sent = try self.sent(.chord([chain, Signature(task: "d")], Signature(task: "e")))
        let start = try #require(sent.chords.first)
        #expect(start.size == 3)
        guard case .group(_, _, let members)? = start.tree?.group, members.count == 2,
            case .group(_, _, let inner) = members[0]
        else {
            Issue.record("\(sent.chords)")
            return
        }
        let parts = (inner + [members[1]]).enumerated().map { index, node in
            ChordPart.value(Array(node.id.utf8)[...], .success, Array("\(index)".utf8)[...])[...]
        }
        let tree = try #require(start.tree).serialized()
        let values = try ChordResults(parts: parts.reversed(), tree: tree[...]).values()
        #expect(values == [[0, 1], 2])
        let missing = #expect(throws: ChordFailure.self) {
            try ChordResults(parts: Array(parts.dropFirst()), tree: tree[...]).values()
        }
        #expect(missing?.description == "Join error: the result of \(inner[0].id) is missing")
    }

    @Test func groupWithMoreBehindItIsAChord() throws {
        let members = [Signature(task: "a"), Signature(task: "b")]
        let sent = try self.sent(.chain([.group(members), Signature(task: "c"), Signature(task: "d")]))
        #expect(sent.chords.map(\.size) == [2])
        let body = try #require(BodyDecoder().taskBody(of: sent.publications[0].envelope).embed.chord)
        #expect(body.task == "c")
        #expect(body.chain.map(\.task) == ["d"])
    }

    @Test func groupsOneBehindTheOtherAreChordsInChords() throws {
        let two = Signature.group([Signature(task: "a"), Signature(task: "b")])
        let sent = try self.sent(.chain([two, two, Signature(task: "c")]))
        #expect(sent.chords.map(\.size) == [2])
        let body = try #require(BodyDecoder().taskBody(of: sent.publications[0].envelope).embed.chord)
        #expect(body.kind == .chord)
        #expect(body.header.map(\.task) == ["a", "b"])
        #expect(body.body?.task == "c")
    }

    @Test func chordWithoutAHeaderSendsItsBodyAtOnce() throws {
        let sent = try self.sent(.chord([], Signature(task: "e")))
        #expect(sent.chords.isEmpty)
        #expect(try BodyDecoder().taskBody(of: sent.publications[0].envelope).args == [[]])
    }

    @Test func errbacksOfAChainReachBodiesOfChordsOnce() throws {
        var chain = Signature.chain([
            Signature(task: "a"), .group([Signature(task: "b"), Signature(task: "c")]), Signature(task: "d"),
        ])
        let errback = Signature(task: "e")
        chain.options["link_error"] = errback.value
        let sent = try self.sent(chain)
        let embed = try BodyDecoder().taskBody(of: sent.publications[0].envelope).embed
        #expect(embed.errbacks == [errback])
        #expect(embed.chain.count == 1)
        #expect(embed.chain[0].body?.errorLinks == [errback])
        var headers = TaskHeaders(task: "a", id: "a")
        headers.rootID = "a"
        let end = Continuation(of: headers, embed).failed(now: 0, makeID: self.makeIDs())
        #expect(end.publications.count == 1)
    }

    @Test func replacementTakesOverWhatFollowsTheTask() throws {
        let (message, body) = try self.message("canvas/chord-msg-0")
        var embed = body.embed
        embed.callbacks = [Signature(task: "link")]
        embed.errbacks = [Signature(task: "errback")]
        let replacement = Signature.group([Signature(task: "x"), Signature(task: "y")])
        let sent = try Continuation(of: message.headers, embed).replaced(
            by: replacement, now: 0, makeID: self.makeIDs())
        #expect(try self.tasks(sent) == ["x", "y"])
        let last = try #require(BodyDecoder().taskBody(of: sent.publications[0].envelope).embed.chord)
        #expect(last.task == "celery.accumulate")
        #expect(last.kwargs["index"] == 0)
        #expect(last.taskID == message.headers.id)
        #expect(last.option("group_id")?.asString == message.headers.group)
        #expect(last.option("group_index")?.asInt == message.headers.groupIndex)
        #expect(last.chord?.taskID == embed.chord?.taskID)
        #expect(last.links.map(\.task) == ["link"])
        #expect(last.errorLinks.map(\.task) == ["errback"])
        #expect(last.option("replaced_task_nesting") == 1)
    }

    @Test func replacementIsSentAsCeleryDoes() throws {
        let (message, body) = try self.message("messages/replace-0-original")
        let sent = try Continuation(of: message.headers, body.embed)
            .replaced(by: Signature(task: "tasks.add", args: [5, 100]), now: 0, makeID: self.makeIDs())
        let expected = try self.message("messages/replace-1-replacement").message
        let sentHeaders = try TaskHeaders(#require(sent.publications.first).envelope.headers)
        #expect(sent.publications.count == 1)
        #expect(sentHeaders.id == expected.headers.id)
        #expect(sentHeaders.parentID == expected.headers.parentID)
        #expect(sentHeaders.replacedTaskNesting == expected.headers.replacedTaskNesting)
    }

    @Test func chunksAreGroupsOfStarmaps() throws {
        let items: [[CeleryValue]] = [[0, 0], [1, 1], [2, 2], [3, 3]]
        let sent = try self.sent(.chunks(Signature(task: "tasks.add"), items, by: 2))
        let bodies = try sent.publications.map { try BodyDecoder().taskBody(of: $0.envelope).value }
        let expected = try ["canvas/chunks-msg-0", "canvas/chunks-msg-1"].map { try self.message($0).body.value }
        #expect(bodies.map(Self.plain) == expected.map(Self.plain))
    }

    @Test(arguments: [
        ("messages/simple", true), ("messages/kwargs", true), ("messages/chain-3", false),
        ("messages/chord-2-0", false),
        ("messages/link", false), ("messages/compression-zlib", false), ("messages/serializer-msgpack", false),
    ])
    func messagesThatCarryNothingAreSeenAtTheirEnds(_ name: String, _ carriesNothing: Bool) throws {
        let head = try MessageHead(scanning: Fixture.named("\(name).json").slice)
        #expect(FollowedMessage.carriesNothing(head) == carriesNothing)
    }
}
