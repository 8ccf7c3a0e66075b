import Broker
import Supervision

/// What every broker promises: a suite that a broker passes before it is put under a worker.
///
/// ```swift
/// @Test(arguments: BrokerPromise.allCases) func isKept(promise: BrokerPromise) throws {
///     try promise.check(LetterBroker.Bench())
/// }
/// ```
///
/// Each promise is checked with a bench of its own, in real time, within some seconds.
public enum BrokerPromise: String, CaseIterable, Sendable {
    /// Each message is handed out once, under the id that it was sent with.
    case handsOutEachOnce
    /// ``Broker/nextTask(pool:now:)`` tells the same until the message is taken.
    case tellsTheSameUntilTaken
    /// A pool is given messages of its own tasks only.
    case keepsPoolsApart
    /// A message that is completed has its outcome stored, and is not handed out again.
    case completesForGood
    /// The second end of a delivery changes nothing.
    case endsOnce
    /// A message that is retried comes back when its wait is over, not before, with one more retry.
    case retriesAfterTheWait
    /// A message that is given back is taken before those that wait, with the losses that it had.
    case givesBackToTheFront
    /// A message that is put aside comes back later, with nothing counted.
    case postponesUncounted
    /// No two deliveries have one tag.
    case neverReusesATag
    /// A broker without work rests, and wakes in time for what is due.
    case rests
    /// After ``Broker/stopTaking(now:)`` no message that is sent is handed out.
    case stopsTaking
    /// After ``Broker/finish(now:)`` all outcomes are stored.
    case storesAllAtTheEnd

    /// Checks the promise. Throws ``BrokenPromise``, or what the bench throws.
    public func check(_ bench: any BrokerBench) throws {
        let driver = try BrokerDriver(bench, self)
        switch self {
        case .handsOutEachOnce: try driver.checkHandingOut()
        case .tellsTheSameUntilTaken: try driver.checkTelling()
        case .keepsPoolsApart: try driver.checkPools()
        case .completesForGood: try driver.checkCompleting()
        case .endsOnce: try driver.checkSecondEnd()
        case .retriesAfterTheWait: try driver.checkRetry()
        case .givesBackToTheFront: try driver.checkGivingBack()
        case .postponesUncounted: try driver.checkPostponing()
        case .neverReusesATag: try driver.checkTags()
        case .rests: try driver.checkRest()
        case .stopsTaking: try driver.checkStop()
        case .storesAllAtTheEnd: try driver.checkEnd()
        }
        driver.finish()
    }
}

/// What a test of a broker needs beside the broker: a way to send, and one to see what was stored.
public protocol BrokerBench {
    /// A broker that was not started, with two tasks and two pools: task 0 runs in pool 0, task 1 in pool 1. Attempts have
    /// no limits of their own, and nothing else uses its queues.
    var broker: any Broker { get }

    /// Sends a message for a task, to be run at once, acknowledged late.
    func send(_ id: String, task: Int) throws

    /// How many final outcomes are stored, by the id of the message.
    func outcomes() throws -> [String: Int]
}

/// A broker does not do what it must.
public struct BrokenPromise: Error, CustomStringConvertible {
    /// Which promise.
    public let promise: BrokerPromise
    /// What it did instead.
    public let text: String

    public var description: String { "\(self.promise.rawValue): \(self.text)" }
}
