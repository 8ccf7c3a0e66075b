import Testing

@testable import Redis

@Suite(.enabled(if: RealServer.isInstalled, "redis-server is not installed")) struct RealServerTests {
    static func server(_ more: [String] = []) throws -> RealServer {
        try RealServer { ["--port", "\($0)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"] + more }
    }

    static func url(_ server: RealServer, _ login: String = "", database: Int = 0) throws -> RedisURL {
        try RedisURL("redis://\(login)127.0.0.1:\(server.port)/\(database)")
    }

    @Test func whatIsSetIsFoundInItsDatabase() throws {
        let bench = try Bench()
        let server = try Self.server()
        let url = try Self.url(server, database: 3)
        let connection = bench.connect(to: Server(url), login: Login(url, name: "celeriac"))
        try bench.run("ready") { connection.isReady }
        let large = [UInt8](repeating: 0xFF, count: 1 << 20) + [13, 10]
        var set = Command("SET", "k")
        set.add(large)
        let numbers = [set, Command("GET", "k"), Command("LPUSH", "k", "x"), Command("CLIENT", "LIST")].map {
            bench.ask(connection, $0)
        }
        try bench.run("the answers") { bench.answers.count == 4 }
        #expect(bench.answer(numbers[0]) == .success(.status("OK")))
        #expect(bench.answer(numbers[1]) == .success(.bytes(large)))
        guard case .success(.error(let error)) = bench.answer(numbers[2]) else { throw ProtocolError(text: "no error") }
        #expect(error.code == "WRONGTYPE")
        let list = try bench.answer(numbers[3])?.get().asText
        #expect(list?.contains("name=celeriac") == true)
        #expect(list?.contains("db=3") == true)
    }

    @Test func aPasswordIsAskedFor() throws {
        let server = try Self.server(["--requirepass", "s e"])
        let good = try Bench()
        let url = try Self.url(server, ":s%20e@")
        let connection = good.connect(to: Server(url), login: Login(url))
        try good.run("ready") { connection.isReady }
        for (login, code) in [("", "NOAUTH"), (":wrong@", "WRONGPASS")] {
            let bench = try Bench()
            let url = try Self.url(server, login)
            _ = bench.connect(to: Server(url), login: Login(url))
            try bench.run("the refusal") { !bench.refusals.isEmpty }
            #expect(bench.refusals[0].hasPrefix(code))
        }
    }

    @Test func aDatabaseThatIsNotThereIsRefused() throws {
        let server = try Self.server()
        let bench = try Bench()
        let url = try Self.url(server, database: 1_000)
        _ = bench.connect(to: Server(url), login: Login(url))
        try bench.run("the refusal") { !bench.refusals.isEmpty }
        #expect(bench.refusals == ["ERR DB index is out of range"])
    }

    @Test func aServerThatIsKilledIsNoticed() throws {
        let server = try Self.server()
        let bench = try Bench()
        let connection = bench.connect(to: Server(try Self.url(server)))
        try bench.run("ready") { connection.isReady }
        let number = bench.ask(connection, Command("BLPOP", "k", "0"))
        server.kill()
        try bench.run("the loss") { !bench.losses.isEmpty }
        // The end of the connection, or a reset when there was something that the server had not read.
        #expect(bench.answer(number) == .failure(.disconnected(bench.losses[0])))
    }

    @Test func messagesArriveAndSilenceIsBrokenAmongThem() throws {
        let server = try Self.server()
        let (listening, talking) = (try Bench(), try Bench())
        var timing = Bench.timing
        timing.silence = .milliseconds(10)
        let listener = listening.connect(to: Server(try Self.url(server)), timing: timing)
        let talker = talking.connect(to: Server(try Self.url(server)))
        try listening.run("ready") { listener.isReady }
        try talking.run("ready") { talker.isReady }
        listener.sendUnanswered(Command("SUBSCRIBE", "c"))
        listener.flush()
        try listening.run("the subscription") { listening.messages.count == 1 }
        talking.ask(talker, Command("PUBLISH", "c", "hello"))
        try talking.run("the answer") { talking.answers.count == 1 }
        try listening.run("the message") { listening.messages.count == 2 }
        #expect(listening.messages[1].map(\.asText) == ["message", "c", "hello"])
        try listening.run("a question") { listener.unanswered == 1 }
        try listening.run("its answer") { listener.unanswered == 0 }
        #expect(listening.losses == [])
    }
}
