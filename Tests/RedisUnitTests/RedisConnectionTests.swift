import Supervision
import Syscalls
import Testing

@testable import Redis

@Suite struct RedisConnectionTests {
    @Test func commandsAreAnsweredInOrder() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let connection = bench.connect(to: server)
        #expect(!connection.isReady)
        try bench.run("ready") { connection.isReady }
        for word in ["a", "b", "c"] { bench.ask(connection, Command(word)) }
        #expect(connection.unanswered == 3)
        try bench.run("answers") { bench.answers.count == 3 }
        #expect(bench.answers.map(\.number) == [1, 2, 3])
        #expect(bench.answers.map { try? $0.answer.get() } == [.status("a"), .status("b"), .status("c")])
        #expect(connection.unanswered == 0)
        #expect(bench.losses == [])
    }

    @Test func theLoginComesFirst() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let login = Login(user: "u", password: "p w", database: 3, name: "worker")
        let connection = bench.connect(to: server, login: login)
        try bench.run("ready") { connection.isReady }
        let expected = [["AUTH", "u", "p w"], ["CLIENT", "SETNAME", "worker"], ["SELECT", "3"], ["PING"]]
        #expect(server.clients[0].commands == expected)
    }

    @Test func nothingIsSentBeforeItIsReady() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let connection = bench.connect(to: server)
        #expect(bench.answer(bench.ask(connection, Command("a"))) == .failure(.notConnected))
        connection.sendUnanswered(Command("b"))
        try bench.run("ready") { connection.isReady }
        #expect(server.clients[0].commands == [["PING"]])
    }

    static let answers = ["+PONG\r\n", "$5\r\nhello\r\n", "*2\r\n:1\r\n$1\r\nx\r\n", "-ERR no\r\n"]

    /// The server goes after each byte of all that it says, the login included. What was answered by then is known,
    /// the rest is told the end, once, and the next connection works.
    @Test(arguments: 0...answers.joined().utf8.count) func aServerMayGoAfterAnyByte(_ count: Int) throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        var said = 0
        server.answer = { client, command in
            let text = Array(Self.answers[command[0] == "PING" ? 0 : Int(command[0])!].utf8)
            let isFirst = client === server.clients[0]
            let part = isFirst ? text.prefix(max(0, count - said)) : text[...]
            said += text.count
            server.send(Array(part), to: client)
            if isFirst && said >= count { server.close(client) }
        }
        let connection = bench.connect(to: server)
        bench.whenReady = {
            guard bench.ready == 1 else { return }
            for number in 1...3 { bench.ask(connection, Command("\(number)")) }
        }
        let whole = Self.wholeAnswers(in: count)
        try bench.run("the loss") { bench.losses.count == 1 }
        try bench.run("ready again") { connection.isReady }
        #expect(bench.losses.count == 1)
        if whole >= 1 { #expect(bench.ready == 2) } else { try Self.askAll(bench, connection) }
        #expect(bench.answers.map(\.number) == [1, 2, 3])
        for (index, answer) in bench.answers.enumerated() where whole >= 1 {
            let isKnown = if case .success = answer.answer { true } else { false }
            #expect(isKnown == (index + 1 < whole))
        }
    }

    private static func askAll(_ bench: Bench, _ connection: RedisConnection) throws {
        try bench.run("answers") { bench.answers.count == 3 }
        #expect(bench.answers.allSatisfy { (try? $0.answer.get()) != nil })
    }

    private static func wholeAnswers(in count: Int) -> Int {
        var end = 0
        return self.answers.prefix { text in
            end += text.utf8.count
            return end <= count
        }.count
    }

    @Test func anAnswerThatDoesNotComeIsTheEnd() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, command in
            if command[0] == "PING" { server.send("+PONG\r\n", to: client) }
        }
        var timing = Bench.timing
        timing.answer = .milliseconds(30)
        let connection = bench.connect(to: server, timing: timing)
        try bench.run("ready") { connection.isReady }
        let number = bench.ask(connection, Command("SLOW"))
        try bench.run("the loss") { bench.losses.count == 1 }
        #expect(bench.losses == ["no answer within 30ms"])
        #expect(bench.answer(number) == .failure(.disconnected("no answer within 30ms")))
        // What comes late comes on the old connection, and answers nothing on the new one.
        server.send("+LATE\r\n", to: server.clients[0])
        server.answer = { client, _ in server.send("+NEW\r\n", to: client) }
        try bench.run("ready again") { connection.isReady }
        let second = bench.ask(connection, Command("QUICK"))
        try bench.run("the answer") { bench.answer(second) != nil }
        #expect(bench.answer(second) == .success(.status("NEW")))
    }

    @Test func aLoginThatDoesNotEndIsBroken() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { _, _ in }
        var timing = Bench.timing
        timing.connect = .milliseconds(20)
        let connection = bench.connect(to: server, timing: timing)
        try bench.run("two losses") { bench.losses.count == 2 }
        #expect(bench.losses[0] == "no login within 20ms")
        #expect(!connection.isReady)
    }

    @Test(arguments: [
        ("HTTP/1.1 400\r\n", "bytes that are no reply"), ("+A\r\n+B\r\n", "an answer to no question"),
        ("+A\r\n*1\r\n$-7\r\n", "bytes that are no reply"),
    ]) func whatIsNoAnswerIsTheEnd(_ text: String, _ reason: String) throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, command in server.send(command[0] == "PING" ? "+PONG\r\n" : text, to: client) }
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        let number = bench.ask(connection, Command("x"))
        try bench.run("the loss") { bench.losses.count == 1 }
        #expect(bench.losses[0].contains(reason))
        #expect(bench.answer(number) != nil)
        try bench.run("ready again") { bench.ready == 2 }
    }

    @Test func fiveRefusedLoginsAreTheEnd() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, _ in server.send("-WRONGPASS invalid\r\n", to: client) }
        let connection = bench.connect(to: server, login: Login(password: "x"))
        try bench.run("the refusal") { !bench.refusals.isEmpty }
        #expect(bench.refusals == ["WRONGPASS invalid"])
        #expect(bench.losses == [String](repeating: "WRONGPASS invalid", count: 4))
        #expect(connection.nextWake == .distantFuture)
        #expect(server.clients.count == 5)
        #expect(bench.ready == 0)
        // Whoever starts it again may have repaired something.
        server.answer = { client, _ in server.send("+OK\r\n", to: client) }
        connection.start()
        try bench.run("ready") { connection.isReady }
    }

    @Test(arguments: ["LOADING Redis is loading", "MASTERDOWN x", "BUSY x", "ERR max number of clients reached"])
    func aServerThatCannotYetIsAwaited(_ error: String) throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, _ in
            server.send(server.clients.count <= 8 ? "-\(error)\r\n" : "+PONG\r\n", to: client)
        }
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        #expect(bench.losses == [String](repeating: error, count: 8))
        #expect(bench.refusals == [])
    }

    @Test func aNameThatMayNotBeSetIsDoneWithout() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, command in
            server.send(command[0] == "CLIENT" ? "-NOPERM no\r\n" : "+OK\r\n", to: client)
        }
        let connection = bench.connect(to: server, login: Login(name: "worker"))
        try bench.run("ready") { connection.isReady }
        #expect(bench.losses == [])
    }

    @Test func whatWasSaidBeforeTheEndCounts() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, command in
            server.send("+\(command[0])\r\n", to: client)
            if command[0] == "last" { server.halfClose(client) }
        }
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        let numbers = ["first", "last", "never"].map { bench.ask(connection, Command($0)) }
        try bench.run("the loss") { bench.losses.count == 1 }
        #expect(bench.losses == ["the server closed the connection"])
        #expect(bench.answer(numbers[1]) == .success(.status("last")))
        try bench.run("ready again") { bench.ready == 2 }
    }

    /// A write finds the connection closed before a read has found the answers.
    @Test func answersAreReadBeforeAFailedWriteIsTold() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        let client = server.clients[0]
        var number = 0
        server.answer = { client, command in
            guard command[0] == "x" else { return server.send("+OK\r\n", to: client) }
            server.send("+\(command[0])\r\n", to: client)
            server.close(client)
            // Nobody reads this any more: the first write is answered with a reset, the second one fails.
            for _ in 0..<3 { bench.ask(connection, Command("y")) }
        }
        number = bench.ask(connection, Command("x"))
        try bench.run("the loss") { bench.losses.count == 1 }
        #expect(!client.isOpen)
        #expect(bench.answer(number) == .success(.status("x")))
        #expect(bench.answers.count == 4)
    }

    /// The first word of an answer is data, unless the connection has subscribed.
    @Test func anAnswerThatLooksLikeAMessageIsAnAnswer() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let list = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"
        server.answer = { client, command in
            switch command[0] {
            case "LRANGE": server.send(list, to: client)
            case "SUBSCRIBE": server.send("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n" + list, to: client)
            default: server.send("+OK\r\n", to: client)
            }
        }
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        let number = bench.ask(connection, Command("LRANGE"))
        connection.sendUnanswered(Command("SUBSCRIBE", "c"))
        connection.flush()
        let last = bench.ask(connection, Command("PING"))
        try bench.run("the answers") { bench.answer(last) != nil }
        let expected = ["message", "a", "b"].map { Reply.bytes(Array($0.utf8)) }
        #expect(bench.answer(number) == .success(.array(expected)))
        #expect(bench.messages.map(\.count) == [3, 3])
        #expect(bench.messages.last == expected)
        #expect(bench.losses == [])
    }

    @Test func whoStopsIsTold() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        let number = bench.ask(connection, Command("x"))
        connection.stop()
        #expect(bench.answer(number) == .failure(.disconnected("the connection was closed")))
        #expect(bench.losses == [])
        #expect(connection.nextWake == .distantFuture)
        try bench.run("the server to notice") { !server.clients[0].isOpen }
        connection.start()
        try bench.run("ready again") { connection.isReady }
    }

    @Test func anAnswerMayEndTheConnection() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        connection.send(Command("x")) { _ in connection.reconnect(reason: "not this one") }
        let number = bench.ask(connection, Command("y"))
        try bench.run("ready again") { bench.ready == 2 }
        #expect(bench.losses == ["not this one"])
        #expect(bench.answer(number) == .failure(.disconnected("not this one")))
    }

    @Test func silenceIsBroken() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        var timing = Bench.timing
        timing.silence = .milliseconds(10)
        let connection = bench.connect(to: server, timing: timing)
        try bench.run("two signs of life") { server.clients.first?.commands.count == 3 && connection.unanswered == 0 }
        #expect(server.clients[0].commands == [["PING"], ["PING"], ["PING"]])
        #expect(bench.losses == [])
    }

    /// More than the sockets hold, in both directions at once.
    @Test func muchIsSentAndReceivedInPieces() throws {
        let bench = try Bench()
        let server = try FakeServer(on: bench.reactor)
        server.answer = { client, command in
            server.send(command[0] == "PING" ? "+PONG\r\n" : ":\(command[1].utf8.count)\r\n", to: client)
        }
        let connection = bench.connect(to: server)
        try bench.run("ready") { connection.isReady }
        let large = [UInt8](repeating: UInt8(ascii: "x"), count: 4 << 20)
        for _ in 0..<4 {
            var command = Command("SET")
            command.add(large)
            bench.ask(connection, command)
        }
        try bench.run("the answers") { bench.answers.count == 4 }
        #expect(bench.answers.allSatisfy { $0.answer == .success(.integer(4 << 20)) })
    }

    @Test func aSocketOfThisMachineIsAPlaceToo() throws {
        let bench = try Bench()
        let scratch = Scratch()
        let server = try FakeServer(on: bench.reactor, path: scratch.path("s"))
        let connection = bench.connect(to: Server(try RedisURL("redis+socket://\(scratch.path("s"))")))
        try bench.run("ready") { connection.isReady }
        #expect(server.clients.count == 1)
    }

    @Test func nobodyThereIsTriedAgain() throws {
        let bench = try Bench()
        let scratch = Scratch()
        let connection = bench.connect(to: Server(try RedisURL("redis+socket://\(scratch.path("s"))")))
        try bench.run("two losses") { bench.losses.count == 2 }
        #expect(bench.losses[0].hasPrefix("cannot connect to \(scratch.path("s")): "))
        let server = try FakeServer(on: bench.reactor, path: scratch.path("s"))
        try bench.run("ready") { connection.isReady }
        #expect(server.clients.count == 1)
    }
}
