import EngineSupport
import Testing

extension ProgramTests {
    /// The worker and its helpers against Redis servers of their own.
    @Suite struct RedisTests {}
}

typealias RedisTests = ProgramTests.RedisTests
