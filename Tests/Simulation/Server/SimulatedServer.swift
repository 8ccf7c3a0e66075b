import Celery
import Redis
import Supervision

/// A Redis server: one command after the other, each as a whole, with everything that can befall it.
final class SimulatedServer {
    unowned let world: World
    var commands = Commands()
    private var scripts: [String: String] = [:]
    private var clients: [Link] = []

    private(set) var isUp = true
    private(set) var isStalled = false
    /// Errors that it answers to what fits them, by their code.
    private var states: [ServerState: Int] = [:]
    /// Added to the time that bytes take.
    private(set) var slowness: Duration = .zero
    private var refusesConnections = 0
    /// What was there when replication stopped, and when that was.
    private var replica: (keyspace: Keyspace, clock: UInt64)?
    /// Script texts by what they are called.
    private static let digestPrefix = "simulated-"
    /// What it was asked, when that is kept.
    var recording: Recording?
    private var lastClock: UInt64 = 0

    init(_ world: World) { self.world = world }

    var clock: UInt64 { World.wallStart * 1_000_000_000 + (self.world.now.nanoseconds - World.start.nanoseconds) }

    // MARK: Connections

    func accepts() -> Bool { self.isUp && self.refusesConnections == 0 }

    func opened(_ link: Link) { self.clients.append(link) }

    func hungUp(_ link: Link) {
        guard let index = self.clients.firstIndex(where: { $0 === link }) else { return }
        // What has arrived is carried out before the end is seen.
        if self.isStalled { return link.hasHungUp = true }
        self.clients.remove(at: index)
        link.tracked = []
    }

    func received(_ bytes: [UInt8], on link: Link) {
        guard self.isUp, self.clients.contains(where: { $0 === link }) else { return }
        link.inbox += bytes
        self.serve(link)
    }

    /// Carries out what has arrived; between two commands others may come.
    private func serve(_ link: Link) {
        guard !self.isStalled, !link.isBeingServed else { return }
        while let words = RequestReader.take(&link.inbox) {
            self.answer(words, on: link)
            guard self.isUp, !self.isStalled, link.isServed else { return }
            if !link.inbox.isEmpty, self.world.chance(25) {
                link.isBeingServed = true
                return self.world.after(self.world.microseconds(1...40)) {
                    link.isBeingServed = false
                    if self.clients.contains(where: { $0 === link }) { self.serve(link) }
                }
            }
        }
        if link.hasHungUp { self.hungUp(link) }
    }

    private func answer(_ words: [[UInt8]], on link: Link) {
        let name = words.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
        let refusal = self.refusal(name)
        let reply = refusal ?? self.carryOut(name, words, on: link)
        if refusal == nil { self.keep(words, reply) }
        self.world.note(.command, UInt64(link.descriptor), UInt64(words.count)) {
            "\(link.worker.name) \(Describe.command(words)) → \(Describe.reply(reply))"
        }
        let brings = self.commands.keyspace.changes.contains {
            if case .fieldSet("unacked", _, _) = $0 { true } else { false }
        }
        self.finishCommand(link)
        guard let reply else { return }
        if brings, link.worker.losesNextTake {
            link.worker.losesNextTake = false
            self.world.reached.note("cut in a take's answer")
            link.replyPartly(ReplyWriter.bytes(reply))
            return self.hungUp(link)
        }
        link.reply(ReplyWriter.bytes(reply))
    }

    private func keep(_ words: [[UInt8]], _ reply: Reply?) {
        guard self.recording != nil, let reply else { return }
        self.record(words, reply, clock: self.clock, since: self.lastClock)
        self.lastClock = self.clock
    }

    /// Tells whoever watches, and the judge.
    func finishCommand(_ link: Link?) {
        let changes = self.commands.keyspace.changes
        self.commands.keyspace.changes = []
        guard !changes.isEmpty else { return }
        self.tellTrackers(changes, except: link)
        self.world.judge.executed(changes, by: link?.worker)
    }

    /// `nil` where nothing is answered.
    private func carryOut(_ name: String, _ words: [[UInt8]], on link: Link) -> Reply? {
        self.commands.clock = self.clock
        switch name {
        case "PING": return .status("PONG")
        case "PUBLISH": return .integer(0)
        case "SELECT":
            link.database = Int(String(decoding: words[1], as: UTF8.self)) ?? 0
            return .status("OK")
        case "INFO": return .bytes(Array(self.info(words).utf8))
        case "CLIENT": return self.client(words, link)
        case "SUBSCRIBE":
            link.isSubscribed = true
            let channel = words[1]
            return .array([.bytes(Array("subscribe".utf8)), .bytes(channel), .integer(1)])
        case "SCRIPT": return self.script(words)
        case "EVALSHA": return self.evaluate(words, link)
        default:
            if name == "EXISTS" { self.track(words, for: link) }
            return self.mutated(name, words, link) ?? self.commands.execute(words, link.database)
        }
    }

    private func info(_ words: [[UInt8]]) -> String {
        "# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"
    }

    private func client(_ words: [[UInt8]], _ link: Link) -> Reply {
        switch String(decoding: words[1], as: UTF8.self).uppercased() {
        case "ID": return .integer(Int(link.descriptor))
        case "TRACKING":
            link.noticesTo = words.count > 4 ? CInt(String(decoding: words[4], as: UTF8.self)) : nil
            guard self.clients.contains(where: { $0.descriptor == link.noticesTo }) else {
                return .error(ServerError("ERR The client ID you want redirect to does not exist"))
            }
            return .status("OK")
        case "LIST": return .bytes(Array(self.clients.map { "id=\($0.descriptor) cmd=evalsha" }.joined().utf8))
        default: return .status("OK")
        }
    }

    // MARK: Scripts

    private func script(_ words: [[UInt8]]) -> Reply {
        let text = String(decoding: words[2], as: UTF8.self)
        let mutated = self.world.mutation?.patch(text) ?? text
        let digest = "\(Self.digestPrefix)\(text.utf8.count)-\(text.hashOfBytes)"
        self.scripts[digest] = mutated
        return .bytes(Array(digest.utf8))
    }

    private func evaluate(_ words: [[UInt8]], _ link: Link) -> Reply {
        guard let text = self.scripts[String(decoding: words[1], as: UTF8.self)] else {
            return .error(ServerError("NOSCRIPT No matching script. Please use EVAL."))
        }
        let count = Int(String(decoding: words[2], as: UTF8.self)) ?? 0
        guard count >= 0, words.count >= 3 + count else {
            return .error(ServerError("ERR Number of keys can't be greater than number of args"))
        }
        let keys = words[3..<(3 + count)]
        return self.run(text, keys: keys, arguments: words[(3 + count)...], database: link.database, link)
    }

    func run(
        _ text: String, keys: ArraySlice<[UInt8]>, arguments: ArraySlice<[UInt8]>, database: Int, _ link: Link?
    ) -> Reply {
        var database = database
        let allowsOutOfMemory = text.hasPrefix("#!lua flags=allow-oom")
        return self.world.engine.run(text, keys: keys, arguments: arguments) { words in
            let name = words.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
            switch name {
            case "SELECT":
                database = Int(String(decoding: words[1], as: UTF8.self)) ?? 0
                return .status("OK")
            case "PUBLISH": return .integer(0)
            default:
                if name == "EXISTS", let link { self.track(words, for: link) }
                if self.states[.outOfMemory, default: 0] > 0, Commands.kind(name)?.needsMemory == true {
                    if !allowsOutOfMemory { return .error(ServerError(ServerState.outOfMemory.rawValue)) }
                    self.world.reached.note("wrote without memory")
                }
                return self.commands.execute(words, database)
            }
        }
    }

    // MARK: Notices

    /// Whoever has looked at a key hears of its next change.
    private func track(_ words: [[UInt8]], for link: Link) {
        guard link.noticesTo != nil else { return }
        link.changesBeforeLook = self.commands.keyspace.changes.count
        link.tracked.subtract(self.commands.keyspace.changes.map(\.key))
        link.tracked.formUnion(words.dropFirst().map { String(decoding: $0, as: UTF8.self) })
    }

    /// Nobody hears of what he did himself (`NOLOOP`); he has to look again like the others.
    private func tellTrackers(_ changes: [Keyspace.Change], except link: Link?) {
        for client in self.clients where client !== link && !client.tracked.isEmpty {
            for key in Set(changes.map(\.key)).intersection(client.tracked).sorted() {
                client.tracked.remove(key)
                self.tell(client, of: .array([.bytes(Array(key.utf8))]))
            }
        }
        guard let link, !link.tracked.isEmpty else { return }
        link.tracked.subtract(changes.dropFirst(link.changesBeforeLook).map(\.key))
        link.changesBeforeLook = 0
    }

    private func tell(_ client: Link, of keys: Reply) {
        guard let notices = self.clients.first(where: { $0.descriptor == client.noticesTo }), notices.isSubscribed
        else {
            return
        }
        notices.reply(
            ReplyWriter.bytes(
                .array([.bytes(Array("message".utf8)), .bytes(Array("__redis__:invalidate".utf8)), keys])))
    }

    // MARK: Producers

    /// A client says how many parts of a chord will return.
    func receive(_ chord: PlannedChord) {
        let key = ResultKeys(globalPrefix: "").group(chord.id) + ".s"
        let words = ["SET", key, String(chord.parts.count)].map { Array($0.utf8) }
        self.keep(words, self.commands.execute(words, 0))
        self.finishCommand(nil)
    }

    /// A client sends a message.
    func receive(_ message: PlannedMessage) {
        self.commands.clock = self.clock
        let bytes = message.bytes(dueAt: message.countdown.map { self.wallSeconds + $0 })
        let list = BrokerKeys().queue(message.queue, priority: message.priority)
        self.world.note(.sent, UInt64(message.number)) { "\(message.id) \(message.work) to \(message.queue)" }
        self.world.judge.sent(message, bytes)
        let words = [Array("LPUSH".utf8), Array(list.utf8), bytes]
        let reply = self.commands.execute(words, 0)
        self.keep(words, reply)
        if case .error = reply {
            // Its list is of another type for now: the client hears of it and tries again.
            self.world.judge.notSent(message)
            return self.world.after(.seconds(1)) { self.receive(message) }
        }
        self.finishCommand(nil)
    }

    private var wallSeconds: Double { Double(self.clock) / 1e9 }
    var refusesWrites: Bool { self.states.contains { $0.value > 0 } }

    // MARK: Faults

    private func refusal(_ name: String) -> Reply? {
        guard !self.states.isEmpty else { return nil }
        for state in ServerState.allCases where self.states[state, default: 0] > 0 && state.refuses(name) {
            self.world.reached.note("answered \(state)")
            return .error(ServerError(state.rawValue))
        }
        return nil
    }

    func enter(_ state: ServerState, for time: Duration) {
        self.states[state, default: 0] += 1
        self.world.after(time) {
            // All was mended when the storm was over.
            if self.states[state, default: 0] > 0 { self.states[state]! -= 1 }
        }
    }

    func stall(for time: Duration) {
        guard self.isUp, !self.isStalled else { return }
        self.isStalled = true
        self.world.after(time) { self.resume() }
    }

    private func resume() {
        guard self.isStalled else { return }
        self.isStalled = false
        for link in self.clients { self.serve(link) }
    }

    func slow(by time: Duration, for period: Duration) {
        self.slowness = time
        self.world.after(period) { self.slowness = .zero }
    }

    func refuseConnections(for time: Duration) {
        self.refusesConnections += 1
        self.world.after(time) { if self.refusesConnections > 0 { self.refusesConnections -= 1 } }
    }

    func forgetScripts() { self.scripts = [:] }

    /// Ends and starts again with what it has on its disk.
    func restart(downFor time: Duration, losingEverything: Bool) {
        guard self.isUp else { return }
        self.isUp = false
        self.isStalled = false
        self.scripts = [:]
        self.replica = nil
        for link in self.clients { link.serverCloses() }
        self.clients = []
        if losingEverything { self.flush() }
        self.world.after(time) { self.isUp = true }
    }

    func flush() {
        self.world.judge.allIsLost()
        self.commands.keyspace.flush()
        for client in self.clients where !client.tracked.isEmpty {
            client.tracked = []
            self.tell(client, of: .null)
        }
    }

    /// From now on the replica hears nothing.
    func stopReplication() { self.replica = (self.commands.keyspace, self.clock) }

    /// The replica becomes the server: what it has not heard of never was.
    func failOver(downFor time: Duration) {
        guard let replica = self.replica, self.isUp else { return }
        self.commands.keyspace = replica.keyspace
        self.restart(downFor: time, losingEverything: false)
        self.commands.clock = self.clock
        self.world.judge.wentBack(to: replica.clock)
    }

    func closeAllConnections() {
        for link in self.clients { link.cut(.lost) }
    }

    /// A key holds something that nobody put there, until somebody mends it.
    func breakKey(_ key: String, for time: Duration) {
        guard self.commands.keyspace.value(key, 0) == nil else { return }
        self.commands.keyspace.set(key, 0, .string(Array("wrong".utf8)))
        self.world.reached.note("key of another type")
        self.brokenKeys.append(key)
        self.world.after(time) { self.mend(key) }
    }

    private var brokenKeys: [String] = []

    private func mend(_ key: String) {
        guard let index = self.brokenKeys.firstIndex(of: key) else { return }
        self.brokenKeys.remove(at: index)
        if self.commands.keyspace.value(key, 0)?.type == "string" { self.commands.keyspace.set(key, 0, nil) }
        // A replica that was told of the fault and not of its end would bring it back when nobody mends it any more.
        if self.replica?.keyspace.value(key, 0)?.type == "string" { self.replica!.keyspace.set(key, 0, nil) }
    }

    /// The storm is over.
    func recover() {
        self.states = [:]
        self.slowness = .zero
        self.refusesConnections = 0
        self.replica = nil
        for key in self.brokenKeys { self.mend(key) }
        self.isUp = true
        self.resume()
    }

    // MARK: Mutations

    private func mutated(_ name: String, _ words: [[UInt8]], _ link: Link) -> Reply? {
        self.world.mutation?.answer(name, words, of: link.worker)
    }
}

/// What a server answers to commands instead of carrying them out.
public enum ServerState: String, Sendable, CaseIterable, CustomStringConvertible {
    case outOfMemory = "OOM command not allowed when used memory > 'maxmemory'."
    case diskFull = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."
    case readOnly = "READONLY You can't write against a read only replica."
    case loading = "LOADING Redis is loading the dataset in memory"
    case busy = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    case masterDown = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."

    public var description: String { String(self.rawValue.prefix { $0 != " " }) }

    /// Whether it refuses a command. Scripts of ours write, and run without memory.
    func refuses(_ name: String) -> Bool {
        switch self {
        case .outOfMemory: Commands.kind(name)?.needsMemory ?? false
        case .diskFull, .readOnly: name == "EVALSHA" || Commands.kind(name)?.writes ?? false
        case .loading, .masterDown:
            !["CLIENT", "AUTH", "SELECT", "INFO", "SCRIPT"].contains(name) || self == .loading && name == "INFO"
        case .busy: true
        }
    }
}

extension Keyspace.Change {
    var key: String {
        switch self {
        case .pushed(let key, _), .popped(let key, _), .fieldSet(let key, _, _), .fieldDeleted(let key, _, _),
            .memberSet(let key, _, _, _), .memberDeleted(let key, _),
            .stringSet(let key, _, _), .setAdded(let key, _), .setRemoved(let key, _), .deleted(let key):
            key
        }
    }
}

extension String {
    /// The same in every process, as Swift's own hash is not.
    fileprivate var hashOfBytes: UInt64 {
        self.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
