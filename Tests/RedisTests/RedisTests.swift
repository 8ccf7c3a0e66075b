import EngineSupport
// The servers, connections and faulty networks that nearly every file here uses.
@_exported import RedisSupport
import Testing

extension ProgramTests {
    /// The worker and its helpers against Redis servers of their own.
    @Suite struct RedisTests {}
}

typealias RedisTests = ProgramTests.RedisTests
