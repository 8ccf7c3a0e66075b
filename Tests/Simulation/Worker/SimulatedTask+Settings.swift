import Celery
import Configuration
import Supervision

extension SimulatedTask {
    /// All that a worker runs: these tasks, and joins of chords, which are like plain ones.
    static let registered = allCases.map(\.rawValue) + [ChordPart.joinTask]
    static let profiles = (allCases + [.plain]).map(\.profile)
    static let deliveries = (allCases + [.plain]).map(\.delivery)

    /// What the supervisor knows of it.
    var profile: TaskProfile {
        var limits = TaskLimits()
        limits.softTime = .seconds(4)
        limits.hardTime = .seconds(8)
        var retry = RetryPolicy()
        retry.automatic = self == .stubborn
        retry.backoff = .milliseconds(200)
        retry.maxLosses = 2
        return TaskProfile(limits: limits, retry: retry, pool: 0)
    }

    /// What the broker knows of it.
    var delivery: DeliverySettings {
        DeliverySettings(
            acknowledgement: self == .early ? .early : .late, ignoresResult: self == .silent,
            tracksStart: self == .tracked, rate: self == .paced ? Rate("10/s") : nil,
            maxConcurrent: self == .alone ? 1 : nil)
    }
}
