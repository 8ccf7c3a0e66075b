import ArgumentParser
import Configuration
import Syscalls

/// `celeriac worker`
struct WorkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Runs tasks from a Redis server, beside Celery's own workers.",
        discussion: """
            Takes messages in the layout of Celery's Redis transport, and stores results as Celery does: an unmodified \
            Celery client sends and reads, and Python workers may share the queues.

            Exit status: 0 after a shutdown that was asked for, 2 wrong usage or configuration, 3 the worker could not \
            work.
            """)

    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var config: String?
    @Flag(name: [.customShort("B"), .long], help: "Run a scheduler beside the worker, as `beat` does.")
    var beat = false
    @OptionGroup(title: "Broker, each also a key of [worker]")
    var broker: BrokerFlags
    @OptionGroup(title: "Settings, each also a key of the configuration")
    var settings: SettingFlags

    func run() throws {
        let flags = self.settings.values.merging(self.broker.values) { $1 }
        let input = try ConfigurationInput(path: self.config, flags: flags)
        let session = try WorkerSession(EngineSetup(WorkerCommand.worker, input), runsBeat: self.beat)
        let status: Int32
        do {
            status = try session.run()
        } catch let error as UsageError {
            throw error
        } catch {
            printError("\(error)")
            throw ExitCode(RunSession.Status.couldNotWork.rawValue)
        }
        throw ExitCode(status)
    }
}

/// The flags of a worker that `run` has no use for, with Celery's letters.
struct BrokerFlags: ParsableArguments {
    @Option(name: [.customShort("b"), .customLong("broker")], help: help("broker")) var broker: String?
    @Option(help: help("result-backend")) var resultBackend: String?
    @Option(help: help("master-name")) var masterName: String?
    @Option(name: [.customShort("Q"), .customLong("queues")], help: help("queues")) var queues: String?
    @Option(help: help("queue-order")) var queueOrder: String?
    @Option(name: [.customShort("n"), .customLong("name")], help: help("name")) var name: String?
    @Option(help: help("acks")) var acks: String?
    @Option(help: help("ignore-result")) var ignoreResult: String?
    @Option(help: help("track-started")) var trackStarted: String?
    @Option(help: help("visibility-timeout")) var visibilityTimeout: String?
    @Option(help: help("worker-timeout")) var workerTimeout: String?
    @Option(help: help("max-deliveries")) var maxDeliveries: String?
    @Option(help: help("result-expires")) var resultExpires: String?
    @Option(help: help("result-extended")) var resultExtended: String?
    @Option(help: help("key-prefix")) var keyPrefix: String?
    @Option(help: help("result-key-prefix")) var resultKeyPrefix: String?
    @Option(help: help("require-signature")) var requireSignature: String?
    @Option(help: help("require-certificate")) var requireCertificate: String?
    @Option(help: help("verify-keys")) var verifyKeys: String?
    @Option(help: help("signing-key")) var signingKey: String?
    @Option(help: help("signature-max-age")) var signatureMaxAge: String?
    @Option(help: help("certificates")) var certificates: String?
    @Option(help: help("remote-control")) var remoteControl: String?
    @Option(help: help("control-socket")) var controlSocket: String?
    @Option(help: help("task-events")) var taskEvents: String?
    @Option(help: help("trace-socket")) var traceSocket: String?
    @Option(help: help("trace-percent")) var tracePercent: String?
    @Flag(name: .customShort("E"), help: "The same as --task-events true.") var sendsEvents = false

    /// The given flags by ``SettingKey/flag``.
    var values: [String: String] {
        let all: [String: String?] = [
            "broker": self.broker, "result-backend": self.resultBackend, "master-name": self.masterName,
            "queues": self.queues,
            "queue-order": self.queueOrder, "name": self.name, "acks": self.acks, "ignore-result": self.ignoreResult,
            "track-started": self.trackStarted, "visibility-timeout": self.visibilityTimeout,
            "worker-timeout": self.workerTimeout, "max-deliveries": self.maxDeliveries,
            "result-expires": self.resultExpires, "result-extended": self.resultExtended, "key-prefix": self.keyPrefix,
            "result-key-prefix": self.resultKeyPrefix, "require-signature": self.requireSignature,
            "require-certificate": self.requireCertificate, "verify-keys": self.verifyKeys,
            "signing-key": self.signingKey, "signature-max-age": self.signatureMaxAge,
            "certificates": self.certificates, "remote-control": self.remoteControl,
            "trace-socket": self.traceSocket, "trace-percent": self.tracePercent,
            "control-socket": self.controlSocket, "task-events": self.taskEvents ?? (self.sendsEvents ? "true" : nil),
        ]
        return all.compactMapValues { $0 }
    }
}
