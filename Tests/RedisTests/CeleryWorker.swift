import EngineSupport
import Glibc
import JSON
import Syscalls

/// A real Celery worker with the tasks of `tasks.py`: prefork, late acknowledgement, prefetch 1.
final class CeleryWorker {
    let program: Program

    /// Starts it and waits until it takes tasks.
    ///
    /// - Parameter mingles: Whether it asks other workers what they know when it starts.
    init(
        _ connection: PeerConnection, concurrency: Int = 2, queues: String = "celery", _ options: [String] = [],
        mingles: Bool = false
    ) throws {
        let arguments = [
            "-m", "celery", "-A", "tasks", "worker", "-c", "\(concurrency)", "-Q", queues, "-l", "INFO", "-n",
            "celery-\(ownProcessID)-\(UInt32.random(in: .min ... .max))@%h", "--without-gossip",
        ]
        let alone = mingles ? [] : ["--without-mingle"]
        self.program = try PythonPeers.start(arguments + alone + options, connection)
        try self.program.wait(for: "the Celery worker") { self.program.errorText.contains(" ready.") }
    }

    convenience init(_ server: RedisServer) throws { try self.init(PeerConnection(server)) }

    /// Ends it at once with everything that it has started.
    func kill() throws {
        for pid in self.program.family { self.program.kill(pid, SIGKILL) }
        try self.program.finish(within: 5)
    }

    /// Lets it finish its running tasks and give back the others.
    func stop() throws {
        self.program.signal(SIGTERM)
        try self.program.finish(within: 20)
    }
}
