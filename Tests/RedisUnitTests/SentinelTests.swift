import Testing

@testable import Redis

@Suite struct SentinelTests {
    @Test func celerysURLIsRead() throws {
        let url = try SentinelURL("sentinel://a;sentinel://u:pw@[::1]:7/;sentinel://b:8/2")
        #expect(url.sentinels.map(\.place) == [.host("a", port: 26_379), .host("::1", port: 7), .host("b", port: 8)])
        #expect(url.login == Login(user: "u", password: "pw", database: 2))
        #expect(url.masked == "sentinel://a:26379/0;sentinel://u:**@[::1]:7/0;sentinel://b:8/2")
    }

    @Test(arguments: [
        ("", RedisURLError.Part.scheme), (";", .scheme), ("redis://a", .scheme), ("sentinel://a;b", .scheme),
        ("sentinel://", .host), ("sentinel://a:0", .port), ("sentinel://a/x", .database),
    ]) func whatIsWrongIsNamed(_ text: String, _ part: RedisURLError.Part) {
        let error = #expect(throws: RedisURLError.self) { try SentinelURL(text) }
        #expect(error?.part == part)
        #expect(throws: RedisURLError.self) { try RedisURL("sentinel://a") }
    }

    /// Sentinels and masters that do as the test says.
    struct World {
        let bench: Bench
        let sentinels: [FakeServer]
        let masters: [FakeServer]

        init(sentinels: Int = 2, masters: Int = 2) throws {
            let bench = try Bench()
            self.bench = bench
            self.sentinels = try (0..<sentinels).map { _ in try FakeServer(on: bench.reactor) }
            self.masters = try (0..<masters).map { _ in try FakeServer(on: bench.reactor) }
            for sentinel in self.sentinels { Self.say(self.masters[0].port, from: sentinel) }
            for (index, master) in self.masters.enumerated() { Self.play(index == 0 ? "master" : "slave", master) }
        }

        static func say(_ port: UInt16, from sentinel: FakeServer) {
            let text = "*2\r\n$9\r\n127.0.0.1\r\n$\(String(port).count)\r\n\(port)\r\n"
            sentinel.answer = { client, command in
                sentinel.send(command[0] == "SENTINEL" ? text : "+OK\r\n", to: client)
            }
        }

        static func play(_ role: String, _ server: FakeServer) {
            server.answer = { client, command in
                server.send(
                    command[0] == "ROLE" ? "*3\r\n$\(role.count)\r\n\(role)\r\n:0\r\n*0\r\n" : "+OK\r\n", to: client)
            }
        }

        func connect(login: Login = Login()) throws -> RedisConnection {
            let places = self.sentinels.map { "sentinel://127.0.0.1:\($0.port)" }
            let url = try SentinelURL(places.joined(separator: ";"))
            return self.bench.connect(to: SentinelMaster(url, name: "mymaster", sentinelLogin: login))
        }
    }

    @Test func theMasterIsAskedFor() throws {
        let world = try World()
        let connection = try world.connect(login: Login(password: "pw"))
        try world.bench.run("ready") { connection.isReady }
        let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"]
        #expect(world.sentinels[0].clients[0].commands == [["AUTH", "pw"], question])
        #expect(world.sentinels[1].clients.isEmpty)
        #expect(world.masters[0].clients[0].commands == [["ROLE"], ["PING"]])
        #expect(world.bench.losses == [])
    }

    @Test(arguments: [
        "*-1\r\n", "-NOAUTH x\r\n", "-ERR No such master\r\n", "$3\r\nabc\r\n", "HTTP/1.1\r\n", "*1\r\n:1\r\n",
    ])
    func aSentinelThatDoesNotTellIsPassedOver(_ text: String) throws {
        let world = try World()
        world.sentinels[0].answer = { client, _ in world.sentinels[0].send(text, to: client) }
        let connection = try world.connect()
        try world.bench.run("ready") { connection.isReady }
        #expect(world.sentinels.map(\.clients.count) == [1, 1])
        #expect(world.bench.losses == [])
    }

    @Test func aSentinelThatIsGoneIsPassedOver() throws {
        let world = try World(sentinels: 3)
        world.sentinels[0].stopListening()
        world.sentinels[1].answer = { client, _ in world.sentinels[1].close(client) }
        let connection = try world.connect()
        try world.bench.run("ready") { connection.isReady }
        #expect(world.bench.losses == [])
    }

    @Test func whenNoneTellsTheLastReasonIsGiven() throws {
        let world = try World()
        for sentinel in world.sentinels { sentinel.answer = { client, _ in sentinel.send("*-1\r\n", to: client) } }
        _ = try world.connect()
        try world.bench.run("two losses") { world.bench.losses.count == 2 }
        let reason = "sentinel 127.0.0.1:\(world.sentinels[1].port): it does not know the master mymaster"
        #expect(world.bench.losses[0] == "cannot connect to the master mymaster: \(reason)")
    }

    /// One sentinel is behind: what it names is not a master any more.
    @Test func aReplicaIsNotTakenForTheMaster() throws {
        let world = try World()
        World.say(world.masters[1].port, from: world.sentinels[0])
        let connection = try world.connect()
        try world.bench.run("ready") { connection.isReady }
        #expect(world.bench.losses == ["NOTMASTER the server's role is slave"])
        #expect(world.masters[0].clients.count == 1)
        #expect(world.bench.refusals == [])
    }

    @Test func aFailoverIsFollowed() throws {
        let world = try World()
        let connection = try world.connect()
        try world.bench.run("ready") { connection.isReady }
        for sentinel in world.sentinels { World.say(world.masters[1].port, from: sentinel) }
        World.play("master", world.masters[1])
        world.masters[0].answer = { client, _ in world.masters[0].send("-READONLY x\r\n", to: client) }
        connection.send(Command("SET", "k", "v")) { answer in
            guard case .success(.error(let error)) = answer, error.remedy == .reconnect else { return }
            connection.reconnect(reason: error.text)
        }
        connection.flush()
        try world.bench.run("ready again") { world.bench.ready == 2 }
        #expect(world.bench.losses == ["READONLY x"])
        #expect(world.masters[1].clients.count == 1)
    }

    /// A user that may not ask for the role is not locked out.
    @Test func aRoleThatMayNotBeAskedForIsNotInTheWay() throws {
        let world = try World()
        world.masters[0].answer = { client, command in
            world.masters[0].send(command[0] == "ROLE" ? "-NOPERM x\r\n" : "+OK\r\n", to: client)
        }
        let connection = try world.connect()
        try world.bench.run("ready") { connection.isReady }
        #expect(world.bench.losses == [])
    }

    @Test(.enabled(if: RealServer.isInstalled, "redis-server is not installed"))
    func aRealSentinelIsUnderstood() throws {
        let scratch = Scratch()
        let master = try RealServerTests.server()
        let sentinel = try RealServer(ready: "+monitor master mymaster") { port in
            let configuration = """
                port \(port)
                bind 127.0.0.1
                sentinel monitor mymaster 127.0.0.1 \(master.port) 1
                dir \(scratch.directory)

                """
            try scratch.write(configuration, to: "sentinel.conf")
            return [scratch.path("sentinel.conf"), "--sentinel"]
        }
        let bench = try Bench()
        let url = try SentinelURL("sentinel://127.0.0.1:\(sentinel.port)")
        let connection = bench.connect(to: SentinelMaster(url, name: "mymaster"))
        try bench.run("ready") { connection.isReady }
        let number = bench.ask(connection, Command("SET", "k", "v"))
        try bench.run("the answer") { bench.answer(number) != nil }
        #expect(bench.answer(number) == .success(.status("OK")))
        let stranger = try Bench()
        _ = stranger.connect(to: SentinelMaster(url, name: "nobody"))
        try stranger.run("a loss") { !stranger.losses.isEmpty }
        #expect(stranger.losses[0].hasSuffix("it does not know the master nobody"))
    }
}
