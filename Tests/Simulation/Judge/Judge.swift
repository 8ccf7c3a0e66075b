import Celery
import Supervision
import Wire

/// Keeps account of every message by what the server and the children do, and says which invariant is broken.
///
/// It knows nothing of what workers think: only what was sent, what changed at the server in one step, which task began
/// in which child, and which process is gone.
final class Judge {
    unowned let world: World
    private(set) var accounts: [String: Account] = [:]
    /// Ids in the order of the plan.
    private var ids: [String] = []
    private let lists: Set<String>
    private let keys = BrokerKeys()

    // Workers, by the name that they have at the server.
    private var owners: [String: WorkerProcess] = [:]
    private var signs: [String: [UInt64]] = [:]
    private var renewals: [String: Double] = [:]
    /// Those that others look for when they show no life.
    private var known: Set<String> = []
    /// Attempts that run, by worker and tag.
    private var running: [String: ChildID] = [:]
    /// Messages that only a living worker still has.
    private var inHand: [String: WorkerProcess] = [:]
    private var hasForgotten = false

    init(_ world: World) {
        self.world = world
        let keys = BrokerKeys()
        self.lists = Set(
            world.plan.queues.flatMap { name in BrokerKeys.prioritySteps.map { keys.queue(name, priority: $0) } }
                + [keys.queue(ChordPart.joinQueue)])
        for message in world.plan.messages {
            self.add(message)
            for index in 0..<message.followUps {
                var next = PlannedMessage(number: message.number, at: message.at)
                next.task = .plain
                self.add(next, id: message.followUp(index), after: message)
            }
        }
        self.addBodies()
    }

    private func addBodies() {
        for chord in self.world.plan.chords {
            self.add(PlannedMessage(number: chord.number, at: .zero), id: chord.body)
            self.accounts[chord.body]!.chord = chord
        }
    }

    /// A worker asks for the join of a chord.
    private func addJoin(_ id: String) {
        guard let chord = self.world.plan.chords.first(where: { $0.isJoined(by: id) }) else { return }
        var message = PlannedMessage(number: chord.number, at: .zero)
        message.task = .silent
        self.add(message, id: id)
        self.accounts[id]!.chord = chord
        self.accounts[id]!.mayBeTwice = self.hasForgotten
    }

    private func add(_ message: PlannedMessage, id: String? = nil, after first: PlannedMessage? = nil) {
        var account = Account(message)
        account.mayBeTwice = (first ?? message).task == .early && self.world.plan.touchesConnections
        self.ids.append(id ?? message.id)
        self.accounts[id ?? message.id] = account
    }

    /// Whether a message has to do with a chord.
    func isOfChord(_ id: String) -> Bool { self.accounts[id]?.chord != nil }

    func message(_ id: String) -> PlannedMessage? { self.accounts[id]?.message }

    func starts(of id: String) -> Int { self.accounts[id]?.starts ?? 0 }

    // MARK: Clients

    func sent(_ message: PlannedMessage, _ bytes: [UInt8]) { self.accounts[message.id]!.wasSent = true }

    func notSent(_ message: PlannedMessage) { self.accounts[message.id]!.wasSent = false }

    // MARK: The server

    /// A command, or a script, was carried out as a whole.
    func executed(_ changes: [Keyspace.Change], by worker: WorkerProcess?) {
        var step = Step(worker: worker)
        for change in changes { self.apply(change, &step) }
        self.check(step)
    }

    /// What one command did.
    private struct Step {
        let worker: WorkerProcess?
        var left: Set<MessageCopy> = []
        var came: Set<MessageCopy> = []
        var documents: [(id: String, state: String)] = []
        var ended: [(tag: String, copy: MessageCopy)] = []
        /// Whose holdings, or whose being known, have changed.
        var holders: Set<String> = []
    }

    private func apply(_ change: Keyspace.Change, _ step: inout Step) {
        switch change {
        case .pushed(let key, let bytes): self.move(bytes, key, by: 1, &step)
        case .popped(let key, let bytes): self.move(bytes, key, by: -1, &step)
        case .fieldSet("unacked", let tag, let entry): self.handedOut(tag, entry, &step)
        case .fieldDeleted("unacked", let tag, let entry): self.tagGone(tag, entry, &step)
        case .fieldSet("celeriac.dead", _, let record): self.died(record, &step)
        case .memberSet("celeriac.scheduled", let member, _, true): self.schedule(member, by: 1, &step)
        case .memberDeleted("celeriac.scheduled", let member): self.schedule(member, by: -1, &step)
        case .memberSet("unacked_index", let tag, let score, _):
            self.renewals[String(decoding: tag, as: UTF8.self)] = score
        case .setAdded("celeriac.workers", let worker): self.known.insert(String(decoding: worker, as: UTF8.self))
        case .setRemoved("celeriac.workers", let worker):
            self.known.remove(String(decoding: worker, as: UTF8.self))
            step.holders.insert(String(decoding: worker, as: UTF8.self))
        case .stringSet(let key, let bytes, _): self.stringSet(key, bytes, &step)
        default: break
        }
    }

    private func move(_ bytes: [UInt8], _ key: String, by count: Int, _ step: inout Step) {
        let isWaiting = key.hasSuffix(":waiting")
        guard isWaiting || self.lists.contains(key) else { return }
        self.change(bytes, count, &step) { places in
            if isWaiting { places.waiting += count } else { places.lists += count }
        }
    }

    private func schedule(_ member: [UInt8], by count: Int, _ step: inout Step) {
        self.change(member, count, &step) { $0.scheduled += count }
    }

    private func change(
        _ bytes: [UInt8], _ count: Int, _ step: inout Step, _ body: (inout Account.Places) -> Void
    ) {
        let copy = MessageCopy(bytes)
        if let copy, self.accounts[copy.id] == nil { self.addJoin(copy.id) }
        guard let copy, self.accounts[copy.id] != nil else {
            return self.world.broke(.noInvention, "a message of nobody: \(Describe.text(bytes))")
        }
        self.accounts[copy.id]!.wasSent = true
        body(&self.accounts[copy.id]!.places[copy.retries, default: Account.Places()])
        if count > 0 { step.came.insert(copy) } else { step.left.insert(copy) }
    }

    private func handedOut(_ tag: [UInt8], _ entry: [UInt8], _ step: inout Step) {
        let text = String(decoding: tag, as: UTF8.self)
        self.change(entry, 1, &step) { $0.tags.insert(text) }
        step.holders.insert(Self.owner(text))
        if let worker = step.worker, worker.nameAtServer == nil {
            worker.nameAtServer = Self.owner(text)
            self.owners[Self.owner(text)] = worker
        }
        self.inHand[MessageCopy(entry)?.id ?? ""] = nil
    }

    private static func owner(_ tag: String) -> String { String(tag.prefix { $0 != "." }) }

    private func tagGone(_ tag: [UInt8], _ entry: [UInt8], _ step: inout Step) {
        let text = String(decoding: tag, as: UTF8.self)
        self.change(entry, -1, &step) { $0.tags.remove(text) }
        guard let copy = MessageCopy(entry) else { return }
        step.ended.append((text, copy))
    }

    private func died(_ record: [UInt8], _ step: inout Step) {
        let number = MessageCopy.number(after: "no message at all, number m", in: record).map { "m\($0)" }
        let id = MessageCopy.text(after: #""task_id":""#, in: record) ?? number ?? ""
        guard self.accounts[id] != nil else { return self.world.broke(.completeDeadLetters, "a dead letter of nobody") }
        self.accounts[id]!.isDead = true
        self.world.reached.note("dead: \(MessageCopy.text(after: #""reason":""#, in: record) ?? "")")
        let isWhole = MessageCopy.text(after: #""message":""#, in: record) != nil
        if !isWhole || MessageCopy.text(after: #""text":""#, in: record) == nil {
            self.world.broke(.completeDeadLetters, "the dead letter of \(id) lacks something")
        }
    }

    private func stringSet(_ key: String, _ bytes: [UInt8], _ step: inout Step) {
        if key.hasPrefix("celeriac.worker.") {
            self.signs[String(key.dropFirst(16)), default: []].append(self.world.server.clock)
            if let worker = step.worker, worker.nameAtServer == nil {
                worker.nameAtServer = String(key.dropFirst(16))
                self.owners[worker.nameAtServer!] = worker
            }
        }
        guard key.hasPrefix("celery-task-meta-") else { return }
        let state = MessageCopy.text(after: #""status": ""#, in: bytes) ?? ""
        step.documents.append((String(key.dropFirst(17)), state))
    }

    // MARK: Rules of a step

    private func check(_ step: Step) {
        for document in step.documents { self.checkDocument(document.id, document.state, step) }
        for copy in step.came.union(step.left) { self.checkPlaces(copy, step) }
        for end in step.ended { self.checkOwner(end.tag, end.copy, step) }
        for holder in step.holders.subtracting(self.known) { self.checkUnknown(holder) }
    }

    /// Nobody looks for what is held by a worker that is not known.
    private func checkUnknown(_ holder: String) {
        for id in self.ids
        where self.accounts[id]!.places.values.contains(where: { $0.tags.contains { Self.owner($0) == holder } }) {
            self.world.broke(.known, "\(id) is held by \(self.owners[holder]?.name ?? holder), which is not known")
        }
    }

    private static let finals: Set<String> = ["SUCCESS", "FAILURE", "REVOKED"]

    private func checkDocument(_ id: String, _ state: String, _ step: Step) {
        guard var account = self.accounts[id] else {
            return self.world.broke(.noInvention, "a result of nobody: \(id)")
        }
        defer { self.accounts[id] = account }
        self.checkFence(id, account, state, step)
        guard Self.finals.contains(state) else { return }
        account.final = state
        self.inHand[id] = nil
        if account.live > 0, !account.mayBeTwice {
            self.world.broke(.outcomeBeforeEnd, "\(id) has the result \(state) and is still \(self.whereabouts(id))")
        }
        guard state == "SUCCESS", !account.mayBeTwice else { return }
        for index in 0..<account.message.followUps where id == account.message.id {
            let next = account.message.followUp(index)
            if self.accounts[next]?.wasSent != true {
                self.world.broke(.outcomeBeforeEnd, "\(id) has succeeded and \(next) was not published")
            }
        }
    }

    /// A result is stored only by who has the message.
    private func checkFence(_ id: String, _ account: Account, _ state: String, _ step: Step) {
        guard !account.mayBeTwice, account.message.form != .tooLarge, account.message.task != .early,
            let worker = step.worker, let name = worker.nameAtServer
        else { return }
        let holders = self.mayStore(id, account)
        let tags = holders.flatMap { self.accounts[$0]!.places.values.flatMap(\.tags) }
        let ended = step.ended.filter { holders.contains($0.copy.id) }.map(\.tag)
        if !(tags + ended).contains(where: { Self.owner($0) == name }) {
            self.world.broke(.fence, "\(worker.name) stored \(state) of \(id), which it did not have")
        }
    }

    /// Whoever has one of these messages may store a result: for the body of a chord that is not run, what asks for the
    /// join.
    private func mayStore(_ id: String, _ account: Account) -> [String] {
        guard let chord = account.chord, chord.body == id else { return [id] }
        return [id] + self.ids.filter { chord.isJoined(by: $0) }
    }

    private func checkPlaces(_ copy: MessageCopy, _ step: Step) {
        guard var account = self.accounts[copy.id] else { return }
        defer { self.accounts[copy.id] = account }
        if account.live > 1, !account.mayBeTwice {
            self.world.broke(.onePlace, "\(copy.id) is in \(account.live) places: \(self.whereabouts(copy.id))")
        }
        if step.came.contains(copy), account.live > 0, account.isDead || account.final != nil, !account.mayBeTwice {
            self.world.broke(.onePlace, "\(copy.id) was over and is \(self.whereabouts(copy.id)) again")
        }
        guard step.left.contains(copy), account.live == 0, !account.isDead, account.final == nil else { return }
        switch account.message.task {
        case .early, .silent: account.wasEnded = true
        default:
            if account.mayBeTwice || account.mayBeLost { return account.wasEnded = true }
            self.world.broke(.outcomeBeforeEnd, "\(copy.id)#\(copy.retries) is nowhere, and has no outcome")
        }
    }

    /// A delivery is taken from a worker only when it has been silent.
    private func checkOwner(_ tag: String, _ copy: MessageCopy, _ step: Step) {
        guard let worker = step.worker, let name = worker.nameAtServer, Self.owner(tag) != name else { return }
        self.world.reached.note("taken from another worker")
        let now = self.world.server.clock
        let sign = self.signs[Self.owner(tag)]?.last ?? 0
        if now - min(now, sign) >= self.world.plan.workerTimeout.wholeNanoseconds { return }
        let age = Double(now) / 1e9 - (self.renewals[tag] ?? 0)
        if age >= Double(self.world.plan.visibilityTimeout.components.seconds) - 1 { return }
        self.world.broke(.fence, "\(worker.name) took \(copy.id) from a worker that was not silent")
    }

    // MARK: Forgetting

    /// The server has lost all keys. What runs in a worker must still be ended.
    func allIsLost() {
        self.hasForgotten = true
        for id in self.ids {
            let isInHand = self.accounts[id]!.places.values.contains { places in
                places.tags.contains { self.running[$0] != nil }
            }
            let tags = self.accounts[id]!.places.values.flatMap(\.tags)
            if isInHand, let worker = tags.compactMap({ self.owners[Self.owner($0)] }).first, !worker.isDead {
                self.inHand[id] = worker
            } else if self.accounts[id]!.live > 0 {
                self.accounts[id]!.mayBeLost = true
            }
            // Its end leaves no trace at the server.
            if self.accounts[id]!.message.task == .silent { self.accounts[id]!.mayBeLost = true }
            self.accounts[id]!.places = [:]
            self.accounts[id]!.mayBeTwice = true
        }
        (self.renewals, self.known) = ([:], [])
    }

    /// The server is another one, which knows less.
    func wentBack(to time: UInt64) {
        self.hasForgotten = true
        self.known = []
        for name in self.signs.keys { self.signs[name]!.removeAll { $0 > time } }
        for id in self.ids {
            self.accounts[id]!.places = [:]
            self.accounts[id]!.mayBeTwice = true
            self.accounts[id]!.mayBeLost = true
        }
        var step = Step(worker: nil)
        for change in self.world.server.commands.contents() { self.apply(change, &step) }
    }

    // MARK: Children

    private func name(_ tag: UInt64, _ child: ChildProcess) -> String {
        "\(child.worker.nameAtServer ?? child.worker.name).\(tag)"
    }

    func started(_ copy: MessageCopy, _ body: Bytes, tag: UInt64, in child: ChildProcess) {
        guard self.accounts[copy.id]?.wasSent == true else {
            return self.world.broke(.noInvention, "\(copy.id) runs and was never sent")
        }
        self.checkBody(of: copy, body)
        let name = self.name(tag, child)
        if let other = self.running[name] {
            self.world.broke(.oneChild, "delivery \(name) runs in \(child.id) and in \(other)")
        }
        self.running[name] = child.id
        self.accounts[copy.id]!.starts += 1
        self.accounts[copy.id]!.startedTags[copy.retries, default: []].insert(name)
        self.checkStarts(copy)
    }

    private func checkBody(of copy: MessageCopy, _ bytes: Bytes) {
        let account = self.accounts[copy.id]!
        let body = MessageCopy.text(after: #""body": ""#, in: Array(bytes)) ?? ""
        if let chord = account.chord, account.message.chord == nil {
            return chord.body == copy.id ? self.checkResults(of: chord, body) : ()
        }
        if body != PlannedMessage.body(copy.id, account.message.chord) {
            self.world.broke(.noInvention, "the body of \(copy.id) is not the one that was sent")
        }
    }

    /// The task that a chord ends with runs only when all parts have succeeded, and gets what they returned.
    private func checkResults(of chord: PlannedChord, _ body: String) {
        let text = Base64.decode(Array(body.utf8)[...]).map { String(decoding: $0, as: UTF8.self) } ?? ""
        if !text.hasPrefix(chord.arguments) { self.world.broke(.chord, "\(chord.body) runs with \(text)") }
        for part in chord.parts where !self.hasSucceeded(part) {
            self.world.broke(.chord, "\(chord.body) runs, and \(part) has not succeeded")
        }
    }

    /// What stores nothing has ended, and has not failed as far as anybody can tell.
    private func hasSucceeded(_ part: String) -> Bool {
        let account = self.accounts[part]!
        return account.mayBeTwice || account.final == "SUCCESS"
            || account.message.task == .silent && account.wasEnded && !account.isDead
    }

    private func checkStarts(_ copy: MessageCopy) {
        let account = self.accounts[copy.id]!
        let tags = account.startedTags[copy.retries]!.count
        if tags > 1 { self.world.reached.note("started again elsewhere") }
        if tags > self.world.plan.maxDeliveries, !self.hasForgotten {
            self.world.broke(.boundedDeliveries, "\(copy.id) was handed out and begun \(tags) times")
        }
        if account.message.task == .early, account.message.work == .succeed, account.starts > 1,
            !self.world.plan.touchesConnections
        {
            self.world.broke(.earlyOnce, "\(copy.id) began \(account.starts) times")
        }
    }

    func attemptEnded(_ copy: MessageCopy, tag: UInt64, in child: ChildProcess) {
        self.running[self.name(tag, child)] = nil
    }

    // MARK: Workers

    func workerEnded(_ worker: WorkerProcess) {
        for (id, owner) in self.inHand where owner === worker {
            self.inHand[id] = nil
            self.accounts[id]!.mayBeLost = true
        }
    }

    /// A worker has ended as it was told.
    func exited(_ worker: WorkerProcess, failure: String?) {
        self.world.reached.note("ended as told")
        guard failure == nil, !self.world.plan.touchesConnections, let name = worker.nameAtServer else { return }
        for id in self.ids
        where self.accounts[id]!.places.values.contains(where: { places in
            places.tags.contains { Self.owner($0) == name }
        }) {
            self.world.broke(.shutdown, "\(worker.name) ended and has \(id) still")
        }
    }

    /// What can be seen of a worker after each pass.
    func look(at worker: WorkerProcess) {
        let live = worker.supervisor.children.count { $0 != nil }
        let size = self.mostChildren[worker.incarnation, default: self.world.plan.children]
        let now = worker.supervisor.pools[0].policy.concurrency
        self.mostChildren[worker.incarnation] = max(size, now)
        let surge = self.world.plan.maxTasksPerChild == 1 ? max(size, now) : max(1, max(size, now) / 10)
        if live > max(size, now) + surge {
            self.world.broke(.poolSize, "\(worker.name) has \(live) children, \(max(size, now)) at most at rest")
        }
    }

    private var mostChildren: [Int: Int] = [:]

    // MARK: The end

    var isAllDone: Bool {
        self.accounts.values.allSatisfy { !$0.wasSent || $0.isDone } && self.allWereSent && self.openChords.isEmpty
    }

    /// Chords whose parts have returned, and of whose body nothing has become. A server that has forgotten something may
    /// have forgotten how many parts there are.
    private var openChords: [PlannedChord] {
        self.hasForgotten ? [] : self.world.plan.wholeChords.filter { !self.accounts[$0.body]!.isDone }
    }

    private var allWereSent: Bool { self.world.plan.messages.allSatisfy { self.accounts[$0.id]!.wasSent } }

    /// What is left at the server that should not be.
    private var litter: [String] {
        let contents = self.world.server.commands
        var found: [String] = []
        for key in contents.keyspace.keys(0) {
            let isOurs =
                ["unacked", "unacked_index", "celeriac.scheduled", "celeriac.limited"].contains(key)
                || self.lists.contains(key) || key.hasPrefix("celeriac.slots.")
                || key.hasPrefix(self.keys.deliveries)
            if isOurs { found.append(key) }
        }
        let names = Set(self.world.workers.compactMap { $0?.nameAtServer })
        if case .set(let members) = contents.keyspace.value("celeriac.workers", 0) {
            found += members.map { String(decoding: $0, as: UTF8.self) }.filter { !names.contains($0) }.map {
                "worker \($0)"
            }
        }
        return found
    }

    var isTidy: Bool { self.litter.isEmpty && self.poolsAreFull }

    private var poolsAreFull: Bool {
        self.world.workers.allSatisfy { worker in
            guard let worker, !worker.isEnding else { return true }
            let live = worker.supervisor.children.count { $0 != nil }
            return live == worker.supervisor.pools[0].policy.concurrency
        }
    }

    /// Faults have stopped long ago.
    func judgeEnd() {
        for id in self.ids {
            let account = self.accounts[id]!
            guard account.wasSent || !id.contains("."), !account.isDone else { continue }
            self.world.broke(
                .atLeastOnce,
                "\(id) (\(account.message.task), \(account.message.work)) never ended: \(self.whereabouts(id))")
        }
        for chord in self.openChords { self.world.broke(.chord, "\(chord.id) is still open: \(self.parts(of: chord))") }
        guard self.world.violations.isEmpty else { return }
        if !self.litter.isEmpty {
            self.world.broke(.tidy, "left at the server: \(self.litter.joined(separator: ", "))")
        }
        if !self.poolsAreFull { self.world.broke(.poolSize, "a pool at rest is not of its size") }
        let unknown = self.world.server.commands.unknown
        if !unknown.isEmpty { self.world.broke(.simulation, "commands not simulated: \(unknown.sorted())") }
    }

    private func parts(of chord: PlannedChord) -> String {
        chord.parts.map { part in
            let account = self.accounts[part]!
            return
                "\(part) (\(account.message.work)) \(account.final ?? (account.isDead ? "dead" : "without a result"))"
        }.joined(separator: ", ")
    }

    /// Where a message is, for people.
    private func whereabouts(_ id: String) -> String {
        var found: [String] = []
        for (retries, places) in self.accounts[id]!.places.sorted(by: { $0.key < $1.key }) where places.count > 0 {
            if places.lists > 0 { found.append("#\(retries) in \(places.lists) lists") }
            if places.scheduled > 0 { found.append("#\(retries) scheduled") }
            if places.waiting > 0 { found.append("#\(retries) waiting for a slot") }
            for tag in places.tags.sorted() {
                found.append("#\(retries) held by \(self.owners[Self.owner(tag)]?.name ?? tag)")
            }
        }
        return found.isEmpty ? "nowhere" : found.joined(separator: ", ")
    }
}
