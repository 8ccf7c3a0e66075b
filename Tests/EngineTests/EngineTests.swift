import EngineSupport
import Testing

extension ProgramTests {
    /// The engine, from outside.
    @Suite struct EngineTests {}
}

typealias EngineTests = ProgramTests.EngineTests
