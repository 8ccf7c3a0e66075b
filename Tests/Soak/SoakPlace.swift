import EngineSupport
import Foundation
import RedisSupport

/// The server, the workers' configuration, and the directory for what they leave behind.
final class SoakPlace {
    let server: RedisServer
    private let scratch: ScratchDirectory
    private let executable: String
    private let children: Int
    /// Configurations so far: each is a little different.
    private var revision = 0

    init(executable: String, children: Int) throws {
        (self.executable, self.children) = (executable, children)
        self.server = try RedisServer(["appendonly": "yes"])
        self.scratch = try ScratchDirectory()
        try self.scratch.makeDirectory("tmp")
    }

    func startWorker(_ number: Int, through proxy: FaultProxy) throws -> Program {
        try self.configure(number)
        let broker = self.server.url(through: proxy)
        let arguments = [
            "worker", "-b", broker, "--result-backend", broker, "--name", "soak-\(number)@here", "-l", "notice",
            "--log-format", "json", "--config", self.configuration(number),
        ]
        return try Program(
            command: [self.executable] + arguments, environment: ["TMPDIR": self.scratch.file("tmp")],
            expectsOutcomes: false)
    }

    /// Writes another configuration for a worker, or one that no worker takes.
    func configure(_ number: Int, isValid: Bool = true) throws {
        self.revision += 1
        let text = isValid ? Self.text(self.revision, self.children) : "[worker]\nconcurrency = \"many\"\n"
        try text.write(toFile: self.configuration(number), atomically: true, encoding: .utf8)
    }

    private func configuration(_ number: Int) -> String { self.scratch.file("worker-\(number).toml") }

    /// Files that workers have left behind.
    func leftFiles() -> [String] { self.scratch.entries("tmp") }

    /// Only what must fail may run out of patience: everything else is killed as often as chance has it.
    private static func text(_ revision: Int, _ children: Int) -> String {
        """
        [worker]
        concurrency = \(children + revision % 2)
        worker_timeout = "2s"
        max_deliveries = 1000000
        shutdown_grace = "20s"
        [limits]
        hard_time = "60s"
        processes = 50
        output = "1MiB"
        max_tasks_per_child = \(revision % 3 == 0 ? 60 : 500)
        [retry]
        max_losses = 1000000
        max_retries = 1000000
        [pools.side]
        concurrency = 1
        [tasks."demo.*"]
        max_losses = 2
        hard_time = "20s"
        [tasks."demo.noop"]
        acks = "early"
        [tasks."demo.daemon"]
        max_losses = 1000000
        [tasks."demo.hang"]
        hard_time = "500ms"
        max_losses = 1000000
        [tasks."demo.allocate"]
        memory = "64MiB"
        max_losses = 1000000
        [tasks."tasks.mul"]
        rate = "200/s"
        [tasks."tasks.xsum"]
        pool = "side"
        max_concurrent = 2
        """
    }
}
