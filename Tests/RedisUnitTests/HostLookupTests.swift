import Glibc
import Supervision
import Syscalls
import SystemPackage
import Testing

@testable import Redis

@Suite struct HostLookupTests {
    /// A program that stands for the system's: a script, whose first argument is the host.
    static func lookup(_ script: String) -> (String) throws -> HostLookup {
        { host in try HostLookup(host, program: ["/bin/sh", "-c", script, "sh"]) }
    }

    /// Waits for the end of a lookup.
    static func finish(_ lookup: HostLookup) throws -> [String] {
        while true {
            _ = waitReadable([lookup.descriptor])
            if let addresses = try lookup.proceed() { return addresses }
        }
    }

    static func failure(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func addressesAndTheOwnHostAreAnsweredAtOnce() throws {
        let forbidden: (String) throws -> HostLookup = { _ in throw Errno.notPermitted }
        func addresses(_ host: String) throws -> [SocketAddress]? {
            try AddressBook(.host(host, port: 7), makeLookup: forbidden).addresses()
        }
        #expect(try addresses("10.1.2.3") == [.internet(host: "10.1.2.3", port: 7)])
        #expect(try addresses("fe80::1") == [.internet(host: "fe80::1", port: 7)])
        let own = ["127.0.0.1", "::1"].map { SocketAddress.internet(host: $0, port: 7) }
        #expect(try addresses("localhost") == own)
        #expect(throws: Errno.notPermitted) { try addresses("elsewhere") }
        let book = AddressBook(.socket(path: "/s"), makeLookup: forbidden)
        #expect(try book.addresses() == [.local(path: "/s")])
    }

    @Test func theLinesWithStreamsAreRead() throws {
        let lines = """
            10.0.0.1        STREAM the.name
            10.0.0.1        DGRAM
            ::2             STREAM
            nonsense        STREAM
            10.0.0.9
            """
        let lookup = try Self.lookup("test \"$1\" = the.name && echo '\(lines)'")("the.name")
        #expect(try Self.finish(lookup) == ["10.0.0.1", "::2"])
    }

    @Test func aNameWithoutAddressIsAnError() throws {
        let lookup = try Self.lookup("exit 2")("nowhere")
        let text = Self.failure { _ = try Self.finish(lookup) }
        #expect(text == "no address of nowhere was found: the name has no address")
    }

    @Test func aMissingProgramIsAnError() {
        let text = Self.failure { _ = try HostLookup("h", program: ["/nonexistent/getent"]) }
        #expect(text == "no address of h was found: /nonexistent/getent does not start: No such file or directory")
    }

    /// A program that closes its output and lives on for a moment is reaped nevertheless.
    @Test func theProgramIsAwaitedAfterItsOutput() throws {
        let lookup = try Self.lookup("echo '10.0.0.1 STREAM'; exec >&-; read line < /dev/null; true")("h")
        #expect(try Self.finish(lookup) == ["10.0.0.1"])
    }

    @Test func muchOutputDoesNotStopTheProgram() throws {
        let lookup = try Self.lookup("echo '10.0.0.1 STREAM'; yes '::1 DGRAM' | head -n 100000")("h")
        #expect(try Self.finish(lookup) == ["10.0.0.1"])
    }

    /// The master reaps whatever child of it ends.
    @Test func somebodyElseMayReapTheProgram() async {
        await #expect(processExitsWith: .success) {
            let lookup = try Self.lookup("echo '10.0.0.1 STREAM'")("h")
            while reapAny() == nil {}
            exit(try Self.finish(lookup) == ["10.0.0.1"] ? 0 : 1)
        }
    }

    @Test func aLookupThatIsGivenUpLeavesNoProcess() async {
        await #expect(processExitsWith: .success) {
            do { _ = try Self.lookup("exec sleep 1000")("h") }
            exit(hasChildren() ? 1 : 0)
        }
    }

    @Test(.enabled(if: access("/usr/bin/getent", X_OK) == 0, "getent is not installed"))
    func theSystemsOwnProgramKnowsTheOwnHost() throws {
        #expect(try !Self.finish(HostLookup("localhost")).isEmpty)
        #expect(Self.failure { _ = try Self.finish(HostLookup("nowhere.invalid")) } != nil)
        // A name is never taken for an option.
        #expect(Self.failure { _ = try Self.finish(HostLookup("--help")) } != nil)
    }

    @Test func aNameIsLookedUpForEachAttempt() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let place = RedisURL.Place.host("redis.example", port: server.port)
        let book = AddressBook(place, makeLookup: Self.lookup("echo '::1 STREAM'; echo '127.0.0.1 STREAM'"))
        let connection = bench.connect(to: Server(RedisURL(host: "redis.example"), addresses: book))
        try bench.run("ready") { connection.isReady }
        // The address where nobody listens was passed over within the attempt.
        #expect(bench.losses == [])
        server.close(server.clients[0])
        try bench.run("ready again") { bench.ready == 2 }
    }

    @Test func aNameThatIsNotFoundIsAFailedAttempt() throws {
        let bench = try Bench()
        let book = AddressBook(.host("nowhere", port: 1), makeLookup: Self.lookup("exit 2"))
        _ = bench.connect(to: Server(RedisURL(host: "nowhere", port: 1), addresses: book))
        try bench.run("two losses") { bench.losses.count == 2 }
        #expect(bench.losses[0].contains("cannot connect to nowhere:1: no address of nowhere was found"))
    }

    /// The loop goes on while a name server keeps silent, and the attempt ends in time; the late answer is used.
    @Test func aSlowLookupHoldsUpNothingAndIsNotLost() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let scratch = Scratch()
        #expect(mkfifo(scratch.path("answer"), 0o600) == 0)
        var begun = 0
        let book = AddressBook(.host("h", port: server.port)) { host in
            begun += 1
            // The attempt that gets the late answer may be out of time itself; the next one is answered at once.
            return try Self.lookup(begun == 1 ? "cat \(scratch.path("answer"))" : "echo '127.0.0.1 STREAM'")(host)
        }
        var timing = Bench.timing
        timing.connect = .milliseconds(20)
        let connection = bench.connect(to: Server(RedisURL(host: "h"), addresses: book), timing: timing)
        try bench.run("two losses") { bench.losses.count == 2 }
        #expect(bench.losses[0] == "no connection within 20ms")
        #expect(begun == 1)
        let answer = open(scratch.path("answer"), O_WRONLY | O_CLOEXEC)
        let line = Array("127.0.0.1 STREAM\n".utf8)
        #expect(write(answer, line, line.count) == line.count)
        close(answer)
        try bench.run("a connection") { !server.clients.isEmpty }
        connection.stop()
    }

    @Test func anAddressThatWasNotReachedIsTriedLast() throws {
        let book = AddressBook(.host("localhost", port: 7))
        let (first, second) = (try book.addresses()![0], try book.addresses()![1])
        book.tried(first)
        #expect(try book.addresses() == [second])
        book.tried(second)
        #expect(try book.addresses() == [first, second])
        book.tried(first)
        book.reached(first)
        #expect(try book.addresses() == [first, second])
    }
}
