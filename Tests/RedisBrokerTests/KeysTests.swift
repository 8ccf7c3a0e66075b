import Celery
import Configuration
import Supervision
import Testing

@testable import RedisBroker

struct KeysTests {
    @Test(arguments: [
        (0, ""), (2, ""), (3, "\u{6}\u{16}3"), (5, "\u{6}\u{16}3"), (8, "\u{6}\u{16}6"), (9, "\u{6}\u{16}9"),
    ])
    func prioritiesAreRoundedDownToSteps(priority: Int, suffix: String) {
        #expect(BrokerKeys().queue("celery", priority: priority) == "celery" + suffix)
        #expect(BrokerKeys(prefix: "x:").queue("q", priority: priority) == "x:q" + suffix)
    }

    @Test(arguments: ["celery", "a:b", "12:", "", "ä\u{6}\u{16}3"])
    func scheduledMembersKeepListAndMessage(list: String) throws {
        let message = Array("5:x{\"a\":1}\u{0}".utf8)[...]
        let decoded = try #require(ScheduledMember.decode(ScheduledMember.encode(message, list: list)[...]))
        #expect(decoded.list == list)
        #expect(decoded.message == message)
    }

    @Test(arguments: ["", "x", "3", "3:ab", "-1:a", "99999999999999999999:a"])
    func otherTextsAreNoScheduledMembers(text: String) {
        #expect(ScheduledMember.decode(Array(text.utf8)[...]) == nil)
    }

    /// What the take script writes is taken apart whatever the message is.
    @Test(
        arguments: ["celery", "a,b", "a\", \"b", "]", "ä \\"],
        [#"{"a": 1}"#, "no JSON, \"x\"]", "", "[[", ", \"\", \"q\"]"])
    func entriesOfOursAreTakenApart(queue: String, message: String) throws {
        let list = QueueLists([queue], keys: BrokerKeys()).inOrder([queue])[1]
        let entry = Array("[\(message)".utf8) + list.entryEnd
        let (found, name) = try #require(UnackedText.split(entry[...]))
        #expect(String(decoding: found, as: UTF8.self) == message)
        #expect(name == queue)
    }

    @Test(arguments: ["", "[", "[]", "[1]", #"[{}, "x", "celery"]"#, #"[{}, "", 5]"#, #"{}, "", "celery"]"#])
    func entriesOfOthersAreNot(entry: String) {
        #expect(UnackedText.split(Array(entry.utf8)[...]) == nil)
    }

    @Test func listsComeByPriorityThenByQueue() {
        let lists = QueueLists(["a", "b"], keys: BrokerKeys())
        let keys = lists.inOrder(["b", "a"]).map(\.key)
        #expect(keys.prefix(5) == ["celeriac.joins", "b", "a", "b\u{6}\u{16}3", "a\u{6}\u{16}3"])
        #expect(keys.count == 9)
        #expect(keys.allSatisfy(lists.contains))
        #expect(!lists.contains("unacked"))
    }

    private func names(_ rotation: QueueRotation) -> [String] {
        var random = SystemRandomNumberGenerator()
        return rotation.next(using: &random)
    }

    @Test func queuesTakeTurnsOnlyWhenTheyAreAskedTo() {
        var turns = QueueRotation(.roundRobin, queues: ["a", "b", "c"].map { WeightedQueue($0) })
        turns.delivered("a")
        #expect(self.names(turns) == ["b", "c", "a"])
        turns.delivered("c")
        #expect(self.names(turns) == ["b", "a", "c"])
        var strict = QueueRotation(.strict, queues: ["b", "a"].map { WeightedQueue($0) })
        strict.delivered("b")
        #expect(self.names(strict) == ["b", "a"])
        #expect(self.names(QueueRotation(.sorted, queues: ["b", "a"].map { WeightedQueue($0) })) == ["a", "b"])
    }

    /// Of ten thousand draws seven in eight begin with the heavier of 7 and 1, give or take five standard deviations.
    @Test func weightedQueuesComeFirstAsOftenAsTheyWeigh() {
        let rotation = QueueRotation(.weighted, queues: [WeightedQueue("light"), WeightedQueue("heavy", weight: 7)])
        var random = SeededGenerator(seed: 1)
        var heavyFirst = 0
        for _ in 0..<10_000 {
            let names = rotation.next(using: &random)
            #expect(names.count == 2)
            heavyFirst += names[0] == "heavy" ? 1 : 0
        }
        #expect((8_585...8_915).contains(heavyFirst))
    }
}

struct BindingTests {
    private func binding(_ key: String, _ pattern: String) -> Binding? {
        Binding([key, pattern, "q"].joined(separator: "\u{6}\u{16}"))
    }

    @Test func directBindingsMatchTheirKey() throws {
        let binding = try #require(self.binding("video", ""))
        #expect(binding.queue == "q")
        #expect(binding.matches("video"))
        #expect(!binding.matches("video.cut"))
    }

    @Test(arguments: [
        ("shop.*", "shop.a", true), ("shop.*", "shop.a.b", false), ("shop.*", "shop", false), ("#", "a.b.c", true),
        ("shop.#", "shop.a.b", true), ("*.b.#", "a.b", true), ("*.b.#", "a.c", false), ("a.#.z", "a.b.c.z", true),
    ])
    func topicBindingsMatchByWord(pattern: String, key: String, isMatch: Bool) throws {
        #expect(try #require(self.binding(pattern, "regex")).matches(key) == isMatch)
    }

    @Test func otherMembersAreNoBindings() {
        #expect(Binding("celery") == nil)
        #expect(Binding("a\u{6}\u{16}b") == nil)
    }
}
