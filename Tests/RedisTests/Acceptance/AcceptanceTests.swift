import EngineSupport
import Testing

extension RedisTests {
    /// What a Python application may expect of `celeriac-demo worker`.
    ///
    /// The same tests can be run against a real Celery worker, to judge the tests:
    /// `ACCEPTANCE_WORKER=celery swift test --filter AcceptanceTests`.
    /// They need a Celery client, which is not there when its packages could not be installed.
    @Suite(
        .enabled(if: PythonPeers.areInstalled, "scripts/python-peers has not been able to install Celery"),
        .enabled(if: TestedWorker.workerExists, "celeriac-demo has no command `worker`"))
    struct AcceptanceTests {}
}

typealias AcceptanceTests = RedisTests.AcceptanceTests
