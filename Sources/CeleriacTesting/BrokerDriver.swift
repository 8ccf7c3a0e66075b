import Broker
import Reactor
import Supervision

/// Plays the master for one broker: the passes of its loop, in the master's order.
final class BrokerDriver {
    private let bench: any BrokerBench
    private let promise: BrokerPromise
    private let loop: Reactor
    private var broker: any Broker { self.bench.broker }
    /// How long what must happen may take.
    private static let patience: Duration = .seconds(10)
    /// How long it is watched that something does not happen.
    private static let watch: Duration = .milliseconds(300)
    private static let pools = 0..<2

    init(_ bench: any BrokerBench, _ promise: BrokerPromise) throws {
        self.bench = bench
        self.promise = promise
        self.loop = try Reactor()
        try self.broker.start(on: self.loop)
    }

    var now: Instant { self.loop.now }

    /// Lets the broker end, once.
    func finish() {
        if !self.isFinished { self.broker.finish(now: self.now) }
        self.isFinished = true
    }

    private var isFinished = false

    // MARK: The loop

    private func pass(until deadline: Instant) throws {
        self.broker.placesAreOpen(8, now: self.now)
        self.broker.endPass(now: self.now)
        try self.check(self.broker.status.failure == nil, "it gave up: \(self.broker.status.failure ?? "")")
        try self.loop.wait(until: min(deadline, self.broker.nextWake(now: self.now)))
    }

    /// Lets it work until something holds.
    private func wait(for what: String, _ condition: () throws -> Bool) throws {
        let deadline = self.now + Self.patience
        while try !condition() {
            try self.check(self.now < deadline, "\(what): not within \(Self.patience)")
            try self.pass(until: min(deadline, self.now + .milliseconds(20)))
        }
    }

    /// Lets it work for a while.
    private func work(for time: Duration = BrokerDriver.watch) throws {
        let end = self.now + time
        while self.now < end { try self.pass(until: end) }
    }

    private func check(_ holds: Bool, _ text: @autoclosure () -> String) throws {
        if !holds { throw BrokenPromise(promise: self.promise, text: text()) }
    }

    // MARK: Steps

    private func send(_ ids: [String], task: Int = 0) throws {
        for id in ids { try self.bench.send(id, task: task) }
    }

    private func isReady(_ pool: Int) -> Bool { self.broker.nextTask(pool: pool, now: self.now) != nil }

    private func take(_ pool: Int = 0) throws -> TakenMessage {
        try self.wait(for: "a message for pool \(pool)") { self.isReady(pool) }
        return self.broker.take(pool: pool, now: self.now)
    }

    private func take(all count: Int) throws -> [TakenMessage] { try (0..<count).map { _ in try self.take() } }

    private func expectNothing(_ why: String, for time: Duration = BrokerDriver.watch) throws {
        let end = self.now + time
        while self.now < end {
            for pool in Self.pools { try self.check(!self.isReady(pool), "it hands out a message \(why)") }
            try self.pass(until: min(end, self.now + .milliseconds(20)))
        }
    }

    private func begin(_ message: TakenMessage) throws {
        let mayStart = self.broker.mayStart(message.delivery, now: self.now)
        try self.check(mayStart, "\(Self.id(message)) may not start")
        self.broker.started(message.delivery.tag, pid: 1, now: self.now)
    }

    private func succeed(_ message: TakenMessage) throws {
        try self.begin(message)
        self.complete(message, .success)
    }

    private func complete(_ message: TakenMessage, _ state: TaskOutcome.State) {
        var outcome = TaskOutcome(state, attempts: message.delivery.attempt)
        if state == .success {
            outcome.result = .memory(Array("1".utf8)[...])
        } else {
            outcome.failure = TaskOutcome.Failure(type: "Planned", message: "a test")
        }
        self.broker.complete(message.delivery, outcome, now: self.now)
    }

    private static func id(_ message: TakenMessage) -> String { String(decoding: message.id, as: UTF8.self) }

    private func waitForOutcomes(_ ids: [String]) throws {
        try self.wait(for: "outcomes of \(ids)") {
            let stored = try self.bench.outcomes()
            return ids.allSatisfy { stored[$0] != nil }
        }
    }

    private func expectOutcomes(_ expected: [String: Int]) throws {
        let stored = try self.bench.outcomes()
        try self.check(stored == expected, "outcomes are \(stored) and should be \(expected)")
    }

    // MARK: Promises

    func checkHandingOut() throws {
        let ids = (0..<20).map { "message-\($0)" }
        try self.send(ids)
        let taken = try self.take(all: ids.count)
        try self.check(taken.map(Self.id).sorted() == ids.sorted(), "it handed out \(taken.map(Self.id))")
        try self.expectNothing("that nobody sent")
        for message in taken { try self.succeed(message) }
        try self.waitForOutcomes(ids)
    }

    func checkTelling() throws {
        try self.send(["first", "second"])
        try self.wait(for: "a message") { self.isReady(0) }
        let told = (0..<3).map { _ in self.broker.nextTask(pool: 0, now: self.now) }
        try self.check(told == [0, 0, 0], "it told of the tasks \(told)")
        let history = self.broker.historyOfNext(pool: 0)
        try self.check(history == MessageHistory(losses: 0), "a new message has the history \(history)")
        let taken = try self.take(all: 2)
        try self.check(Self.id(taken[0]) != Self.id(taken[1]), "it handed out \(Self.id(taken[0])) twice")
        for message in taken { try self.succeed(message) }
    }

    func checkPools() throws {
        try self.send(["one"], task: 1)
        try self.wait(for: "a message for pool 1") { self.isReady(1) }
        try self.check(!self.isReady(0), "it has a message of pool 1 for pool 0")
        try self.send(["zero"])
        let (zero, one) = (try self.take(0), try self.take(1))
        try self.check(zero.delivery.task == 0 && Self.id(zero) == "zero", "pool 0 is given \(Self.id(zero))")
        try self.check(one.delivery.task == 1 && Self.id(one) == "one", "pool 1 is given \(Self.id(one))")
        for message in [zero, one] { try self.succeed(message) }
    }

    func checkCompleting() throws {
        try self.send(["succeeds", "fails"])
        for message in try self.take(all: 2) {
            try self.begin(message)
            self.complete(message, Self.id(message) == "succeeds" ? .success : .failure)
        }
        try self.waitForOutcomes(["succeeds", "fails"])
        try self.expectNothing("that was completed")
        try self.expectOutcomes(["succeeds": 1, "fails": 1])
    }

    func checkSecondEnd() throws {
        try self.send(["once"])
        let message = try self.take()
        try self.succeed(message)
        try self.waitForOutcomes(["once"])
        self.complete(message, .failure)
        self.broker.giveBack(message.delivery, now: self.now)
        self.broker.retry(message.delivery, after: .zero, because: nil, now: self.now)
        try self.expectNothing("whose end came again")
        try self.expectOutcomes(["once": 1])
    }

    func checkRetry() throws {
        try self.send(["again"])
        let message = try self.take()
        try self.begin(message)
        var next = message.delivery
        next.retries += 1
        self.broker.retry(next, after: .milliseconds(600), because: nil, now: self.now)
        let due = self.now + .milliseconds(550)
        try self.expectNothing("before its wait is over", for: due - self.now)
        let again = try self.take()
        try self.check(Self.id(again) == "again" && again.delivery.retries == 1, "it came back as \(again.delivery)")
        try self.succeed(again)
        try self.waitForOutcomes(["again"])
        try self.expectOutcomes(["again": 1])
    }

    func checkGivingBack() throws {
        try self.send(["first", "second"])
        let first = try self.take()
        try self.begin(first)
        var next = first.delivery
        next.losses += 1
        self.broker.giveBack(next, now: self.now)
        try self.wait(for: "a message") { self.isReady(0) }
        let losses = self.broker.historyOfNext(pool: 0).losses
        let again = try self.take()
        try self.check(Self.id(again) == Self.id(first), "\(Self.id(again)) came first")
        try self.check(losses == 1 && again.delivery.losses == 1, "it came back as \(again.delivery)")
        for message in [again, try self.take()] { try self.succeed(message) }
        try self.waitForOutcomes(["first", "second"])
    }

    func checkPostponing() throws {
        try self.send(["later"])
        let message = try self.take()
        self.broker.postpone(message.delivery, by: .milliseconds(400), now: self.now)
        try self.expectNothing("that was put aside")
        let again = try self.take()
        try self.check(
            again.delivery.retries == 0 && again.delivery.losses == 0, "it came back as \(again.delivery)")
        try self.succeed(again)
        try self.waitForOutcomes(["later"])
    }

    func checkTags() throws {
        var tags: Set<DeliveryTag> = []
        for number in 0..<6 {
            try self.send(["message-\(number)"])
            let message = try self.take()
            try self.check(tags.insert(message.delivery.tag).inserted, "\(message.delivery.tag) came twice")
            try self.succeed(message)
            try self.waitForOutcomes(["message-\(number)"])
        }
    }

    func checkRest() throws {
        try self.work()
        var passes = 0
        let end = self.now + Self.watch
        while self.now < end {
            try self.pass(until: end)
            passes += 1
        }
        try self.check(passes < 60, "it made \(passes) passes in \(Self.watch) without anything to do")
        try self.send(["again"])
        let message = try self.take()
        try self.begin(message)
        self.broker.retry(message.delivery, after: .milliseconds(500), because: nil, now: self.now)
        let due = self.now + .seconds(5)
        // Only what it asks for wakes it here.
        while !self.isReady(0) {
            try self.check(self.now < due, "a message was due, and it slept on")
            try self.pass(until: due)
        }
        try self.succeed(try self.take())
    }

    func checkStop() throws {
        try self.send(["before"])
        let message = try self.take()
        self.broker.stopTaking(now: self.now)
        try self.send(["behind"])
        try self.expectNothing("after it was told to stop")
        try self.succeed(message)
        try self.waitForOutcomes(["before"])
    }

    func checkEnd() throws {
        let ids = (0..<6).map { "message-\($0)" }
        try self.send(ids)
        let taken = try self.take(all: ids.count)
        for message in taken { try self.succeed(message) }
        self.broker.stopTaking(now: self.now)
        self.finish()
        try self.expectOutcomes(Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) }))
    }
}
