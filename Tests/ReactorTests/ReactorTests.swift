import Reactor
import Supervision
import Syscalls
import SystemPackage
import Testing

@Suite struct ReactorTests {
    /// Remembers whom it was told of, and does something about it.
    final class Listener: ReadinessHandler {
        var heard: [(token: Int, readiness: Readiness)] = []
        var reaction: (Int) -> Void = { _ in }

        func descriptorReady(token: Int, readiness: Readiness) {
            self.heard.append((token, readiness))
            self.reaction(token)
        }

        var tokens: [Int] { self.heard.map(\.token) }
    }

    static let past = Instant(nanoseconds: 0)

    static func write(_ descriptor: CInt) throws {
        var byte: UInt8 = 1
        _ = try withUnsafeBytes(of: &byte) { (bytes) throws(Errno) in try Syscalls.write(bytes, to: descriptor) }
    }

    @Test func handlersHearOfTheirDescriptorsOnly() throws {
        let (reactor, listener) = (try Reactor(), Listener())
        let first = try Pipe()
        let second = try Pipe()
        _ = try reactor.register(first.reading.number, for: .readable, handler: listener, token: 1)
        _ = try reactor.register(second.reading.number, for: .readable, handler: listener, token: 2)
        try reactor.wait(until: Self.past)
        #expect(listener.tokens == [])
        try Self.write(second.writing.number)
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens == [2])
        #expect(listener.heard[0].readiness == .readable)
    }

    @Test func anInterestCanBeChanged() throws {
        let (reactor, listener) = (try Reactor(), Listener())
        let pipe = try Pipe()
        let registration = try reactor.register(pipe.writing.number, for: [], handler: listener, token: 1)
        try reactor.wait(until: Self.past)
        #expect(listener.tokens == [])
        reactor.update(registration, for: .writable)
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens == [1])
        reactor.update(registration, for: [])
        try reactor.wait(until: Self.past)
        #expect(listener.tokens == [1])
    }

    @Test func theOtherSidesEndIsHeardWithoutAsking() throws {
        let (reactor, listener) = (try Reactor(), Listener())
        let pipe = try Pipe()
        let registration = try reactor.register(pipe.reading.number, for: [], handler: listener, token: 1)
        // The writing number now leads to the reading end: the writer is gone.
        try duplicate(pipe.reading.number, onto: pipe.writing.number)
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens == [1])
        #expect(!listener.heard[0].readiness.isDisjoint(with: .hungUp))
        reactor.remove(registration)
        try reactor.wait(until: Self.past)
        #expect(listener.tokens == [1])
    }

    @Test func aRegularFileCannotBeWatched() throws {
        let reactor = try Reactor()
        let file = FileDescriptor(rawValue: try FileDescriptor.open("/proc/self/exe", .readOnly).rawValue)
        defer { try? file.close() }
        #expect(throws: Errno.notPermitted) {
            _ = try reactor.register(file.rawValue, for: .readable, handler: Listener(), token: 1)
        }
        // The failed registration left nothing behind.
        let pipe = try Pipe()
        let listener = Listener()
        _ = try reactor.register(pipe.writing.number, for: .writable, handler: listener, token: 5)
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens == [5])
    }

    @Test func anEventOfARemovedRegistrationIsDroppedAlsoInTheSameBatch() throws {
        let (reactor, listener) = (try Reactor(), Listener())
        let pipes = [Box(try Pipe()), Box(try Pipe())]
        var registrations: [Reactor.Registration] = []
        for (token, pipe) in pipes.enumerated() {
            registrations.append(
                try reactor.register(pipe.pipe.writing.number, for: .writable, handler: listener, token: token))
        }
        listener.reaction = { token in reactor.remove(registrations[1 - token]) }
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens.count == 1, "whichever came first silenced the other")
    }

    @Test func aReusedNumberDoesNotGetItsPredecessorsEvent() throws {
        let (reactor, listener, heir) = (try Reactor(), Listener(), Listener())
        let pipes = [Box(try Pipe()), Box(try Pipe())]
        let silent = try Pipe()
        var registrations: [Reactor.Registration] = []
        for (token, pipe) in pipes.enumerated() {
            try Self.write(pipe.pipe.writing.number)
            registrations.append(
                try reactor.register(pipe.pipe.reading.number, for: .readable, handler: listener, token: token))
        }
        listener.reaction = { token in
            // Both were ready in this batch. The other one's number now leads to a pipe with nothing in it.
            let other = pipes[1 - token].pipe.reading.number
            reactor.remove(registrations[1 - token])
            try? duplicate(silent.reading.number, onto: other)
            _ = try? reactor.register(other, for: .readable, handler: heir, token: 9)
        }
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens.count == 1)
        #expect(heir.tokens == [])
        try Self.write(silent.writing.number)
        listener.reaction = { _ in }
        try reactor.wait(until: .distantFuture)
        #expect(heir.tokens == [9])
    }

    @Test func removingTwiceIsHarmless() throws {
        let (reactor, listener) = (try Reactor(), Listener())
        let pipe = try Pipe()
        let registration = try reactor.register(pipe.writing.number, for: .writable, handler: listener, token: 1)
        reactor.remove(registration)
        let next = try reactor.register(pipe.writing.number, for: .writable, handler: listener, token: 2)
        reactor.remove(registration)
        #expect(next != registration)
        try reactor.wait(until: .distantFuture)
        #expect(listener.tokens == [2], "the slot's new owner is not touched")
    }

    @Test func aDeadlineEndsTheWait() throws {
        let reactor = try Reactor()
        let deadline = Instant(nanoseconds: monotonicNanoseconds()) + .milliseconds(2)
        try reactor.wait(until: deadline)
        #expect(monotonicNanoseconds() >= deadline.nanoseconds)
    }
}

/// Keeps a pipe where a closure can hold it.
final class Box {
    let pipe: Pipe
    init(_ pipe: consuming Pipe) { self.pipe = pipe }
}
