/// Names one child of this worker. Never used again, unlike a pid.
public struct ChildID: Hashable, Sendable, CustomStringConvertible {
    /// Its place in the supervisor's table; a later child may get the same place.
    public let index: Int
    /// Its number among all children that this worker has had, from 1.
    public let serial: UInt64

    /// A child's name.
    public init(index: Int, serial: UInt64) {
        self.index = index
        self.serial = serial
    }

    public var description: String { "child \(self.serial)" }
}

/// Names one handing-over of a message, from take to completion, over all its attempts in this worker.
public struct DeliveryTag: Hashable, Sendable {
    /// The broker's number for it; never 0.
    public let number: UInt64

    /// A delivery's name.
    public init(_ number: UInt64) { self.number = number }
}
