import JSON
import Prefork
import Supervision
import Syscalls

/// One `celeriac leakcheck`: the task in a loop, in a child of the real engine, looked at after each run.
struct LeakCheckSession {
    /// The task and how to call it.
    struct Call {
        var task: String
        var arguments: JSONValue
        var keywords: JSONValue
        var runs: Int
    }

    /// What came out.
    enum Result {
        case growths([GrowthCheck.Growth])
        /// The task, or the worker, failed: nothing is known of leaks.
        case failed(String)
    }

    let engine: EngineSetup
    let call: Call
    let budget: ByteCount

    /// Settings that hold whatever the configuration says, by flag.
    static let flags = ["leak-ledger": "every"]

    func run() throws -> Result {
        let output = self.engine.logOutput()
        let broker = try self.broker()
        let looks = LooksOfChildren()
        var hooks = MasterHooks()
        hooks.looked = looks.add
        hooks.passed = { _ in output.flush() }
        let master = try Master(
            settings: try self.settings(), broker: broker, logger: self.engine.logger(output), hooks: hooks,
            seed: randomSeed())
        let reason = try master.run()
        output.flush()
        if let failure = self.failure(reason, master, broker) { return .failed(failure) }
        let check = GrowthCheck(
            samples: looks.longestLife, runs: broker.runs, leftProcesses: broker.leftProcesses, budget: self.budget)
        return .growths(check.growths)
    }

    private func broker() throws(UsageError) -> LeakCheckBroker {
        let table = self.engine.table
        guard let index = table.names.firstIndex(of: self.call.task) else {
            let hint = nearestMatch(to: self.call.task, in: table.names).map { "; did you mean '\($0)'?" } ?? ""
            throw UsageError(description: "no task is called '\(self.call.task)'\(hint)")
        }
        return LeakCheckBroker(
            task: index, pool: table.profiles[index].pool, runs: self.call.runs,
            arguments: self.call.arguments.serialized()[...], keywords: self.call.keywords.serialized()[...])
    }

    /// One child that stays, and no second attempt, whatever the configuration says.
    private func settings() throws -> MasterSettings {
        var settings = try self.engine.masterSettings()
        settings.pools = settings.pools.map { _ in PoolPolicy() }
        settings.tasks = settings.tasks.map { profile in
            var profile = profile
            profile.leakAllowance = nil
            (profile.retry.automatic, profile.retry.maxRetries, profile.retry.maxLosses) = (false, 0, 1)
            return profile
        }
        return settings
    }

    private func failure(_ reason: StopReason, _ master: Master, _ broker: LeakCheckBroker) -> String? {
        switch reason {
        case .templateFailed(let text), .bootFailed(let text): return "the worker cannot start: \(text)"
        case .finished: break
        }
        if let failure = broker.failure {
            return "run \(broker.runs + 1) of \(self.call.task) failed: \(failure.type): \(failure.message)"
        }
        return master.isDrained ? nil : "stopped by a signal after \(broker.runs) runs"
    }
}

/// What each child told of itself, in order.
private final class LooksOfChildren {
    private var lives: [ChildID: [ChildSample]] = [:]

    func add(_ child: ChildID, _ sample: ChildSample) { self.lives[child, default: []].append(sample) }

    /// The looks at the child that had most of them.
    var longestLife: [ChildSample] { self.lives.values.max { $0.count < $1.count } ?? [] }
}
