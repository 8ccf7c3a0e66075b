import ArgumentParser
import Beat
import Configuration
import Logging
import Redis
import Signing
import Supervision
import Syscalls
import WorkerLog

/// `celeriac beat`
struct BeatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "beat",
        abstract: "Sends the tasks of the schedule when they are due.",
        discussion: """
            The schedule stands in the configuration's [schedule] sections, and in the program. Any number of these may \
            run: one has the lead, another takes it over, and each firing happens once.

            Exit status: 0 after a shutdown that was asked for, 2 wrong usage or configuration, 3 the scheduler could \
            not work.
            """)

    @Option(help: "How long a scheduler that is gone keeps the lead from the others.") var lease = "5s"
    @Option(name: [.customShort("l", allowingJoined: true), .customLong("log-level")], help: help("log-level"))
    var logLevel: String?
    @Option(help: help("log-format")) var logFormat: String?
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let lease = try OptionParsing.duration(self.lease, "lease") ?? BeatSession.usualLease
        guard lease >= .milliseconds(100) else {
            throw UsageError(description: "--lease: must be at least \"100ms\"")
        }
        let logFlags = ["log-level": self.logLevel, "log-format": self.logFormat].compactMapValues { $0 }
        let input = try self.servers.input(adding: logFlags)
        let session = try BeatSession(input, try input.load(WorkerCommand.worker), lease: lease)
        let failure: String?
        do { failure = try session.run() } catch { failure = "\(error)" }
        guard let failure else { return }
        printError(failure)
        throw ExitCode(RunSession.Status.couldNotWork.rawValue)
    }
}

/// One `celeriac beat`, from banner to end.
struct BeatSession {
    /// How long a scheduler that is gone keeps the lead from the others.
    static let usualLease: Duration = .seconds(5)

    private let input: ConfigurationInput
    private let settings: Settings
    private let url: ServerURL
    private let entries: [BeatEntry]
    private let options: BeatOptions

    init(_ input: ConfigurationInput, _ settings: Settings, lease: Duration) throws {
        let broker = settings.worker.broker
        guard let text = broker.url else {
            throw UsageError(
                description: "a scheduler needs a broker: --broker redis://127.0.0.1:6379/0, `broker` in [worker], or "
                    + "CELERY_BROKER_URL")
        }
        self.input = input
        self.settings = settings
        let url = try Self.url(text, broker, "broker")
        self.url = url
        self.entries = try BeatSchedule.entries(settings).filter(\.isEnabled).map(\.entry)
        if self.entries.isEmpty {
            throw UsageError(description: "there is nothing to send: no [schedule] section is there and enabled")
        }
        var options = BeatOptions(
            identity: "\(hostName())-\(ownProcessID)-\(String(randomSeed(), radix: 36))",
            origin: "gen\(ownProcessID)@\(hostName())")
        options.keyPrefix = broker.keyPrefix
        options.resultKeyPrefix = broker.resultKeyPrefix
        options.lease = lease
        if let results = try broker.resultBackend.map({ try Self.url($0, broker, "result_backend") }),
            results.isSameServer(as: url)
        {
            options.resultDatabase = results.database
        }
        do throws(KeyError) {
            options.signer = try broker.signing.signingKey.map { path throws(KeyError) in try SigningKey(file: path) }
        } catch {
            throw UsageError(description: "\(error)")
        }
        self.options = options
    }

    private static func url(_ text: String, _ settings: BrokerSettings, _ name: String) throws(UsageError) -> ServerURL
    {
        do throws(RedisURLError) { return try ServerURL(text, master: settings.masterName) } catch {
            throw UsageError(description: "\(name): \(error)")
        }
    }

    /// Runs until a signal ends it. Returns why it could not work, if so.
    func run() throws -> String? {
        self.input.hideSecrets()
        let output = LogOutput(format: self.settings.worker.logFormat == .json ? .json : .text)
        let level = Logger.Level(rawValue: self.settings.worker.logLevel.rawValue) ?? .info
        let logger = Logger(label: "celeriac") { _ in WorkerLogHandler(output: output, logLevel: level) }
        for warning in self.settings.warnings {
            logger.warning("configuration.warning", metadata: ["text": "\(warning)"])
        }
        let beat = try BeatProcess(
            url: self.url, entries: self.entries, options: self.options, logger: logger, seed: randomSeed())
        print(self.banner)
        StandardOutput.flush()
        defer { output.flush() }
        return try beat.run(passed: output.flush)
    }

    /// What is in force, for whoever starts it.
    private var banner: String {
        let rows = self.entries.map { "  \($0.name): \($0.task), \($0.schedule.text)" }
        let head = "\(self.options.identity), broker \(self.url.masked), lease \(self.options.lease.unitDescription)"
        return ([head] + rows).joined(separator: "\n")
    }
}
