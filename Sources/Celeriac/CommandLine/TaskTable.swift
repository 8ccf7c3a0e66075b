import Configuration
import Prefork
import Supervision

/// Tasks by number, for supervisor, master and queue.
final class TaskTable {
    let names: [String]
    private(set) var profiles: [TaskProfile]
    private(set) var deliveries: [DeliverySettings]
    private let poolNames: [String]

    init(_ settings: Settings) {
        self.names = settings.taskNames
        self.poolNames = settings.pools.map(\.name)
        self.profiles = Self.profiles(settings, self.names)
        self.deliveries = Self.deliveries(settings, self.names)
    }

    private static func profiles(_ settings: Settings, _ names: [String]) -> [TaskProfile] {
        self.tasks(settings, names).map { task in
            var profile = TaskProfile(limits: task.limits, retry: task.retry, pool: task.pool)
            profile.leakAllowance = task.leakAllowance
            // What was acknowledged before it ran is not run again.
            if task.delivery.acknowledgement == .early { profile.retry.maxLosses = 1 }
            return profile
        }
    }

    private static func deliveries(_ settings: Settings, _ names: [String]) -> [DeliverySettings] {
        self.tasks(settings, names).map(\.delivery)
    }

    private static func tasks(_ settings: Settings, _ names: [String]) -> [TaskSettings] {
        names.map { name in
            guard let task = settings.task(named: name) else {
                preconditionFailure("The settings know every task that they name.")
            }
            return task
        }
    }

    /// Limits the time of a task's attempts; `nil` for no limit. Lasts until the settings are read again.
    func setTimes(soft: Duration?, hard: Duration?, task: Int) -> TaskLimits {
        self.profiles[task].limits.softTime = soft
        self.profiles[task].limits.hardTime = hard
        return self.profiles[task].limits
    }

    /// Limits how often a task starts; `nil` for no limit. Lasts until the settings are read again.
    func setRate(_ rate: Rate?, task: Int) { self.deliveries[task] = self.deliveries[task].limited(to: rate) }

    /// Takes new settings over. Pools and tasks cannot come and go in a running worker.
    func reload(_ settings: Settings) throws -> ReloadedSettings {
        guard settings.pools.map(\.name) == self.poolNames else {
            throw UsageError(description: "a reload cannot add or remove pools: restart the worker")
        }
        guard settings.taskNames == self.names else {
            throw UsageError(description: "a reload cannot add or remove tasks: restart the worker")
        }
        self.profiles = Self.profiles(settings, self.names)
        self.deliveries = Self.deliveries(settings, self.names)
        return ReloadedSettings(
            pools: settings.pools.map(\.policy), sandboxes: settings.pools.map(\.sandbox), tasks: self.profiles)
    }
}
