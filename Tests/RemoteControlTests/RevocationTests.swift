import Celery
import RemoteControl
import Testing

struct RevocationTests {
    private func id(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test func tasksAreRevokedUntilTheirTime() {
        var revocations = Revocations()
        #expect(revocations.isEmpty)
        revocations.insert("a", until: 100, now: 0)
        #expect(revocations.contains(self.id("xa").dropFirst(), now: 99))
        #expect(!revocations.contains(self.id("a"), now: 100))
        #expect(!revocations.contains(self.id("b"), now: 0))
        #expect(revocations.ids == ["a"])
    }

    @Test func stampsAreFoundInMessages() throws {
        var revocations = Revocations()
        revocations.insert(Revocations.Stamp(name: "tenant", value: "acme"), until: 10, now: 0)
        revocations.insert(Revocations.Stamp(name: "n", value: 5), until: 10, now: 0)
        func holds(_ stamps: String, now: Double = 0) -> Bool {
            let message = #"{"body": "", "headers": {"task": "t", "stamps": \#(stamps)}, "properties": {}}"#
            return revocations.contains(stampsOf: Array(message.utf8)[...], now: now)
        }
        #expect(holds(#"{"tenant": "acme"}"#))
        #expect(holds(#"{"tenant": ["b", "acme"]}"#))
        #expect(holds(#"{"n": 5}"#))
        #expect(!holds(#"{"tenant": "b", "n": "5"}"#))
        #expect(!holds(#"{"tenant": "acme"}"#, now: 10))
        #expect(!holds("null"))
        #expect(!holds("[5]"))
    }

    @Test func stampsAreNeverTooMany() {
        var revocations = Revocations()
        for number in 0..<(Revocations.most + 100) {
            let stamp = Revocations.Stamp(name: "n", value: CeleryValue(Double(number)))
            revocations.insert(stamp, until: 1_000, now: 0)
        }
        // Room is made for whatever comes, though nothing of the other kind is there.
        revocations.insert("a", until: 1_000, now: 0)
        #expect(revocations.ids == ["a"])
    }

    @Test func thereAreNeverTooMany() {
        var revocations = Revocations()
        for number in 0..<(Revocations.most + 5_000) {
            revocations.insert("task-\(number)", until: Double(1_000 + number), now: 0)
        }
        #expect(revocations.ids.count <= Revocations.most)
        #expect(revocations.contains(self.id("task-\(Revocations.most + 4_999)"), now: 0))
    }
}
