import Testing

extension RedisTests {
    /// Nothing is lost and nothing invented, whatever ends, is cut or refused; and the worker goes on when it is over.
    ///
    /// These tests write messages themselves and need no Python.
    @Suite(.enabled(if: TestedWorker.workerExists && !TestedWorker.isCelery, "there is no worker of ours"))
    struct FaultTests {}
}

typealias FaultTests = RedisTests.FaultTests
