import Testing

extension RedisTests {
    /// What `docs/threat-model.md` says, seen at real workers. Needs no Python, but for what says so.
    @Suite struct SecurityTests {}
}

typealias SecurityTests = RedisTests.SecurityTests
