import Supervision

/// Plays seeds.
public final class Simulation {
    private let engine = ScriptEngine()

    public init() {}

    /// What came of a run.
    public struct Outcome: Sendable {
        /// What was broken; empty when all went well.
        public let violations: [Violation]
        /// The same for every run of the plan.
        public let hash: UInt64
        /// Things that happened.
        public let events: Int
        /// What was reached.
        public let reached: Reached
        /// What happened, when that was asked for.
        public let lines: [String]
    }

    /// Plays a plan and keeps what the server was asked.
    public func record(_ plan: Plan) -> Recording {
        let world = World(plan, mutation: nil, engine: self.engine, keepsLines: false)
        world.server.recording = Recording()
        world.play()
        defer { world.takeApart() }
        var recording = world.server.recording!
        recording.contents = world.server.contents()
        return recording
    }

    /// Plays a plan.
    public func play(_ plan: Plan, mutation: Mutation? = nil, keepsLines: Bool = false) -> Outcome {
        let world = World(plan, mutation: mutation, engine: self.engine, keepsLines: keepsLines)
        world.play()
        defer { world.takeApart() }
        return Outcome(
            violations: world.violations, hash: world.trace.hash, events: world.trace.events, reached: world.reached,
            lines: world.trace.lines)
    }
}
