/// How far a shutdown has gone. Stages only go up.
public enum ShutdownStage: Int, Comparable, Sendable {
    /// Not shutting down.
    case running
    /// No new tasks; running ones finish.
    case warm
    /// Running tasks are told to stop and go back to the broker.
    case cold
    /// Running tasks are killed and go back to the broker.
    case hard

    public static func < (left: ShutdownStage, right: ShutdownStage) -> Bool { left.rawValue < right.rawValue }
}

/// Decides when a shutdown takes its next step.
public struct ShutdownLadder: Equatable, Sendable {
    /// Time that running tasks have after a warm shutdown began.
    public let grace: Duration
    /// Time that running tasks have after they were told to stop.
    public let coldGrace: Duration
    /// Where the shutdown is.
    public private(set) var stage = ShutdownStage.running
    /// When it takes the next step by itself.
    public private(set) var nextStep = Instant.distantFuture

    /// A ladder that nobody has climbed.
    public init(grace: Duration, coldGrace: Duration = .seconds(5)) {
        self.grace = grace
        self.coldGrace = coldGrace
    }

    /// Raises the stage; a lower or equal one changes nothing. Returns whether it rose.
    public mutating func raise(to stage: ShutdownStage, now: Instant) -> Bool {
        guard stage > self.stage else { return false }
        self.stage = stage
        switch stage {
        case .running, .hard: self.nextStep = .distantFuture
        case .warm: self.nextStep = now + self.grace
        case .cold: self.nextStep = now + self.coldGrace
        }
        return true
    }

    /// Takes the next step when its time has come. Returns whether the stage rose.
    public mutating func timePassed(now: Instant) -> Bool {
        guard now >= self.nextStep, let next = ShutdownStage(rawValue: self.stage.rawValue + 1) else { return false }
        return self.raise(to: next, now: now)
    }
}
