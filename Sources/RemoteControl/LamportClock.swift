/// A Lamport clock: numbers events of several processes so that what was heard of comes before what follows from it.
public struct LamportClock: Sendable {
    /// What others may claim: beyond it their clocks count for nothing. Python's JSON readers are exact up to here.
    private static let highest = 1 << 53

    /// The time of the last event.
    public private(set) var time: Int

    /// A clock.
    public init(time: Int = 0) { self.time = time }

    /// The time of an event of our own.
    public mutating func tick() -> Int {
        self.time += 1
        return self.time
    }

    /// Something that another process has sent at its time has been heard.
    public mutating func heard(_ other: Int?) {
        if let other, other > self.time, other < Self.highest { self.time = other }
        self.time += 1
    }
}
