/// How often each fault struck and each state was reached that a simulation must reach to prove anything.
public struct Reached: Sendable {
    /// Counts by name.
    public private(set) var counts: [String: Int] = [:]

    /// Nothing yet.
    public init() {}

    /// Adds to a count.
    public mutating func note(_ name: String, _ count: Int = 1) { self.counts[name, default: 0] += count }

    /// Adds what another run reached.
    public mutating func add(_ other: Reached) {
        for (name, count) in other.counts { self.note(name, count) }
    }

    /// What was never reached of that which some thousand seeds must reach.
    public var missing: [String] { Self.required.filter { self.counts[$0] == nil }.sorted() }

    private static let required =
        Self.faults.map { "fault: \($0)" } + Self.causes.map { "attempt killed: \($0)" }
        + Self.ends.map { "lost for good: \($0)" } + Self.deaths.map { "dead: \($0)" }
        + Self.answers.map { "answered \($0)" }
        + Self.recyclings.map { "recycled: \($0)" } + Self.logs.map { "log: \($0)" } + Self.states

    private static let faults = [
        "killWorker", "stopWorker", "wakeToDie", "terminateWorker", "quitWorker", "reloadWorker", "resizeWorker",
        "killChild", "stopChild", "closePipes", "failForks", "failBoots", "hangBoots", "killTemplate", "slowPipes",
        "shortMemory", "revoke", "cut", "cutTake", "silence", "slowNetwork", "stopServer", "restartServer",
        "emptyServer", "flush", "failOver", "refuse", "refuseConnections", "forgetScripts", "breakKey", "jump",
    ]
    private static let causes = ["hard_time", "protocol", "memory_shortage", "terminated"]
    private static let ends = ["exit", "signal", "hard_time", "killed", "protocol", "memory_shortage", "terminated"]
    private static let deaths = ["malformed", "too_large", "not_registered", "crashes", "too_many_deliveries"]
    private static let answers = ["MISCONF", "READONLY", "LOADING", "BUSY", "MASTERDOWN"]
    private static let recyclings = ["max_tasks", "tainted", "leftovers", "reload", "resize", "quarantine"]
    private static let logs = [
        "broker.connected", "broker.lost", "broker.refused", "broker.keys.lost", "delivery.stale", "delivery.lost",
        "worker.dead", "message.dead", "broker.unsettled",
    ]
    private static let states = [
        "killed between two acts", "task killed its worker", "half an outcome", "died with a partial frame",
        "part of a frame", "no frame", "end of a pipe", "short write", "split reply", "cut in a take's answer",
        "given back", "retried", "recalled", "asked what follows", "boot failed", "fork failed", "template lost",
        "attempt lost", "ended as told", "taken from another worker", "started again elsewhere",
        "key of another type", "chord joined", "chord failed", "revoked", "memory short", "wrote without memory",
    ]
}
