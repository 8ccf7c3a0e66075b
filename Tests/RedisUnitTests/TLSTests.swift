import Glibc
import Syscalls
import TLS
import Testing

@testable import Redis

@Suite struct TLSOptionsTests {
    static func options(_ query: String) throws -> TLSOptions { try RedisURL("rediss://h?\(query)").tls }

    @Test func everythingIsVerifiedByDefault() throws {
        let url = try RedisURL("rediss://h/1")
        #expect(url.usesTLS)
        #expect(url.tls == TLSOptions())
        #expect(url.tls.verification == .full)
    }

    @Test(
        arguments: [
            ("ssl_cert_reqs=required", .full), ("ssl_cert_reqs=CERT_REQUIRED", .full),
            ("ssl_cert_reqs=optional", .full),
            ("ssl_cert_reqs=CERT_OPTIONAL", .full), ("ssl_cert_reqs=none", .none), ("ssl_cert_reqs=CERT_NONE", .none),
            ("ssl_cert_reqs=none&ssl_check_hostname=true", .none), ("ssl_check_hostname=false", .authority),
            ("ssl_check_hostname=0", .authority), ("ssl_check_hostname=True", .full),
        ] as [(String, TLSOptions.Verification)])
    func celerysWordsAreUnderstood(_ query: String, _ verification: TLSOptions.Verification) throws {
        #expect(try Self.options(query).verification == verification)
    }

    @Test func filesAreNamed() throws {
        let url = try RedisURL("rediss://h?ssl_ca_certs=/a%20b&ssl_certfile=/c&ssl_keyfile=/k&x=y")
        #expect(url.tls.authorities == "/a b")
        #expect(url.tls.certificate == "/c")
        #expect(url.tls.key == "/k")
        #expect(url.options == ["x": "y"])
    }

    @Test(arguments: ["ssl_cert_reqs=", "ssl_cert_reqs=no", "ssl_check_hostname=maybe", "ssl_ca_cert=/x"])
    func whatIsNotKnownIsAnError(_ query: String) {
        let error = #expect(throws: RedisURLError.self) { try Self.options(query) }
        #expect(error?.part == .option)
    }

    @Test func withoutEncryptionTheOptionsStay() throws {
        #expect(try RedisURL("redis://h?ssl_x=1").options == ["ssl_x": "1"])
    }
}

@Suite(
    .enabled(if: RealServer.isInstalled, "redis-server is not installed"),
    .enabled(if: Certificates.isInstalled, "openssl is not installed"))
struct TLSTests {
    static func server(_ certificate: String, _ more: [String] = []) throws -> RealServer {
        let made = Certificates.shared
        return try RealServer { port in
            [
                "--port", "0", "--tls-port", "\(port)", "--bind", "127.0.0.1", "--save", "",
                "--tls-cert-file", made.path("\(certificate).pem"), "--tls-key-file", made.path("\(certificate).key"),
                "--tls-ca-cert-file", made.path("ca.pem"), "--tls-auth-clients", "no",
            ] + more
        }
    }

    static func url(_ port: UInt16, host: String = "127.0.0.1", authority: String = "ca", _ more: String = "") throws
        -> RedisURL
    {
        try RedisURL("rediss://\(host):\(port)?ssl_ca_certs=\(Certificates.shared.path("\(authority).pem"))\(more)")
    }

    /// How an attempt with this URL ends: `nil` when it is ready.
    static func outcome(_ url: RedisURL) throws -> String? {
        let bench = try Bench()
        let connection = bench.connect(to: Server(url))
        try bench.run("an outcome") { connection.isReady || !bench.losses.isEmpty }
        return bench.losses.first
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func aServerThatProvesItsNameIsTalkedTo(_ host: String) throws {
        let server = try Self.server("server")
        #expect(try Self.outcome(Self.url(server.port, host: host)) == nil)
    }

    @Test func whoCannotProveItIsNotTalkedTo() throws {
        let (server, other, expired) = (try Self.server("server"), try Self.server("other"), try Self.server("expired"))
        let cases: [(RedisURL, String)] = [
            (try Self.url(server.port, authority: "stranger"), "self-signed certificate in certificate chain"),
            (try RedisURL("rediss://127.0.0.1:\(server.port)"), "self-signed certificate in certificate chain"),
            (try Self.url(other.port), "IP address mismatch"),
            (try Self.url(other.port, host: "localhost"), "hostname mismatch"),
            (try Self.url(expired.port), "certificate has expired"),
            (try Self.url(expired.port, "&ssl_check_hostname=false"), "certificate has expired"),
        ]
        for (url, text) in cases {
            let outcome = try Self.outcome(url)
            #expect(
                outcome?.contains("the server's certificate is not accepted: \(text)") == true, "\(outcome ?? "ready")")
        }
    }

    @Test func lessIsAskedForWhenToldSo() throws {
        let (other, expired) = (try Self.server("other"), try Self.server("expired"))
        #expect(try Self.outcome(Self.url(other.port, "&ssl_check_hostname=false")) == nil)
        #expect(try Self.outcome(Self.url(other.port, authority: "stranger", "&ssl_cert_reqs=none")) == nil)
        #expect(try Self.outcome(Self.url(expired.port, "&ssl_cert_reqs=none")) == nil)
    }

    @Test func aServerMayAskForACertificate() throws {
        let server = try Self.server("server", ["--tls-auth-clients", "yes"])
        let made = Certificates.shared
        let refused = try Self.outcome(Self.url(server.port))
        #expect(refused?.contains("certificate required") == true, "\(refused ?? "ready")")
        let both = "&ssl_certfile=\(made.path("client.pem"))&ssl_keyfile=\(made.path("client.key"))"
        #expect(try Self.outcome(Self.url(server.port, both)) == nil)
        #expect(try Self.outcome(Self.url(server.port, "&ssl_certfile=\(made.path("both.pem"))")) == nil)
    }

    @Test(arguments: [
        ("&ssl_certfile=/nonexistent", "no certificate in /nonexistent: "),
        ("&ssl_certfile=DIR/client.pem&ssl_keyfile=DIR/server.key", "no key for the certificate in "),
        ("&ssl_certfile=DIR/client.pem&ssl_keyfile=DIR/locked.key", "no key for the certificate in "),
        ("&ssl_certfile=DIR/client.pem", "no key for the certificate in "),
    ]) func aFileThatIsOfNoUseIsNamed(_ query: String, _ text: String) throws {
        let query = query.replacing("DIR", with: Certificates.shared.path("."))
        let outcome = try Self.outcome(Self.url(1, query))
        #expect(outcome?.contains(text) == true, "\(outcome ?? "ready")")
    }

    @Test func aMissingAuthorityIsNamed() throws {
        let outcome = try Self.outcome(Self.url(1, authority: "missing"))
        #expect(outcome?.contains("no certificate authorities in \(Certificates.shared.path("missing.pem"))") == true)
    }

    /// What was not accepted is read again for the next attempt.
    @Test func aCertificateMayBeRenewed() throws {
        let server = try Self.server("server", ["--tls-auth-clients", "yes"])
        let (made, scratch, bench) = (Certificates.shared, Scratch(), try Bench())
        #expect(symlink(made.path("client.pem"), scratch.path("client.pem")) == 0)
        #expect(symlink(made.path("stranger.pem"), scratch.path("ca.pem")) == 0)
        let files = ["ca_certs": "ca.pem", "certfile": "client.pem"].map { "ssl_\($0)=\(scratch.path($1))" }
        let query = files.joined(separator: "&") + "&ssl_keyfile=\(made.path("client.key"))"
        let connection = bench.connect(to: Server(try RedisURL("rediss://127.0.0.1:\(server.port)?\(query)")))
        try bench.run("two losses") { bench.losses.count == 2 }
        #expect(rename(scratch.path("ca.pem"), scratch.path("old.pem")) == 0)
        #expect(symlink(made.path("ca.pem"), scratch.path("ca.pem")) == 0)
        try bench.run("ready") { connection.isReady }
    }

    @Test(arguments: ["TLSv1.2", "TLSv1.3"]) func muchGoesBothWays(_ version: String) throws {
        let server = try Self.server("server", ["--tls-protocols", version])
        let bench = try Bench()
        let connection = bench.connect(to: Server(try Self.url(server.port)))
        try bench.run("ready") { connection.isReady }
        let large = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var set = Command("SET", "k")
        set.add(large)
        let numbers = [set, Command("GET", "k"), Command("GET", "k"), set].map { bench.ask(connection, $0) }
        try bench.run("the answers") { bench.answers.count == 4 }
        #expect(bench.answer(numbers[1]) == .success(.bytes(large)))
        #expect(bench.answer(numbers[2]) == .success(.bytes(large)))
        #expect(bench.answer(numbers[3]) == .success(.status("OK")))
        #expect(bench.losses == [])
    }

    /// More small answers than one pass reads: the rest waits where the socket does not tell of it.
    @Test func whatIsDecryptedAlreadyIsNotForgotten() throws {
        let server = try Self.server("server")
        let bench = try Bench()
        let connection = bench.connect(to: Server(try Self.url(server.port)))
        try bench.run("ready") { connection.isReady }
        var set = Command("SET", "k")
        set.add([UInt8](repeating: 1, count: 100_000))
        bench.ask(connection, set)
        for _ in 0..<100 { connection.send(Command("GET", "k")) { bench.note($0) } }
        connection.flush()
        try bench.run("the answers") { bench.noted == 100 }
        #expect(bench.losses == [])
    }

    /// Played with `openssl s_server`, which sends what is typed, and asks for new keys at a K.
    @Test func keysMayBeChangedInTheMiddle() throws {
        let made = Certificates.shared
        let server = try RealServer("/usr/bin/openssl", ready: "ACCEPT") { port in
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-tls1_3", "-cert", made.path("server.pem"), "-key",
                made.path("server.key"),
            ]
        }
        let bench = try Bench()
        let connection = bench.connect(to: Server(try Self.url(server.port)))
        try bench.run("a question") { connection.unanswered == 1 }
        #expect(server.hear("PING"))
        try server.say("+PONG\r\n")
        try bench.run("ready") { connection.isReady }
        for word in ["one", "two"] {
            bench.ask(connection, Command(word))
            #expect(server.hear(word))
            try server.say("K\n")
            try server.say("+\(word)\r\n")
            try bench.run("the answer") { connection.unanswered == 0 }
        }
        #expect(bench.answers.map { try? $0.answer.get() } == [.status("one"), .status("two")])
        #expect(bench.losses == [])
    }

    @Test func aServerThatIsKilledIsNoticed() throws {
        let server = try Self.server("server")
        let bench = try Bench()
        let connection = bench.connect(to: Server(try Self.url(server.port)))
        try bench.run("ready") { connection.isReady }
        server.kill()
        try bench.run("the loss") { !bench.losses.isEmpty }
        #expect(["the server closed the connection", "Connection reset by peer"].contains(bench.losses[0]))
    }

    @Test(arguments: ["", "\u{16}\u{3}", "HTTP/1.1 400 Bad Request\r\n\r\n", "-ERR no\r\n"])
    func aServerMayEndOrBabbleDuringTheHandshake(_ text: String) throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.heard = { client in
            server.send(text, to: client)
            server.close(client)
        }
        _ = bench.connect(to: Server(try Self.url(server.port)))
        try bench.run("two losses") { bench.losses.count == 2 }
        #expect(bench.losses[0].hasPrefix("cannot connect to 127.0.0.1:\(server.port): "))
        #expect(bench.losses[0].contains("TLS handshake") || bench.losses[0].contains("reset"), "\(bench.losses[0])")
    }

    @Test func aHandshakeThatDoesNotEndIsBroken() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.heard = { _ in }
        var timing = Bench.timing
        timing.connect = .milliseconds(30)
        _ = bench.connect(to: Server(try Self.url(server.port)), timing: timing)
        try bench.run("a loss") { !bench.losses.isEmpty }
        #expect(bench.losses[0] == "no connection within 30ms")
    }
}
