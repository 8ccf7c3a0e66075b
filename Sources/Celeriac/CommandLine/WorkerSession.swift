import Broker
import Configuration
import Logging
import Prefork
import Redis
import RedisBroker
import Signing
import Supervision
import Syscalls
import Traces
import WorkerLog

/// One `celeriac worker`, from banner to exit status.
struct WorkerSession {
    let engine: EngineSetup
    private let url: ServerURL
    private let options: RedisBrokerOptions
    private let keys: MessageKeys?
    private let runsBeat: Bool

    /// Reads what the settings say of the broker.
    ///
    /// - Parameter runsBeat: Whether a scheduler runs beside the worker.
    ///
    /// Throws ``UsageError`` for what is missing or cannot be.
    init(_ engine: EngineSetup, runsBeat: Bool) throws(UsageError) {
        (self.engine, self.runsBeat) = (engine, runsBeat)
        let settings = engine.settings.worker.broker
        guard let text = settings.url else {
            throw UsageError(
                description: "a worker needs a broker: --broker redis://127.0.0.1:6379/0, `broker` in [worker], or "
                    + "CELERY_BROKER_URL; without a server there is `run`")
        }
        self.url = try Self.url(text, settings, setting: "broker")
        var options = try Self.options(settings, broker: self.url)
        options.listens = engine.settings.worker.control.access != .off
        options.requiresSignedRequests = engine.settings.worker.control.access == .signed
        options.sendsTaskEvents = engine.settings.worker.control.taskEvents
        self.options = options
        do throws(KeyError) {
            self.keys = try Self.keys(settings.signing)
        } catch {
            throw UsageError(description: "\(error)")
        }
        try Self.check(engine.settings, self.keys)
    }

    /// Who takes signed requests only must be able to check them.
    private static func check(_ settings: Settings, _ keys: MessageKeys?) throws(UsageError) {
        guard settings.worker.control.access == .signed, keys?.ring == nil else { return }
        throw UsageError(description: "remote_control = \"signed\" needs verify_keys")
    }

    private static func url(
        _ text: String, _ settings: BrokerSettings, setting: String
    ) throws(UsageError) -> ServerURL {
        do throws(RedisURLError) {
            return try ServerURL(text, master: settings.masterName)
        } catch {
            throw UsageError(description: "\(setting): \(error)")
        }
    }

    private static func options(_ settings: BrokerSettings, broker: ServerURL) throws(UsageError) -> RedisBrokerOptions
    {
        var options = RedisBrokerOptions(nodeName: settings.nodeName(host: hostName()))
        options.queues = settings.queues
        options.queueOrder = settings.queueOrder
        options.visibilityTimeout = settings.visibilityTimeout
        options.workerTimeout = settings.workerTimeout
        options.keyPrefix = settings.keyPrefix
        options.maxDeliveries = settings.maxDeliveries
        options.results = try Self.results(settings, broker)
        options.version = celeriacVersion
        return options
    }

    private static func results(_ settings: BrokerSettings, _ broker: ServerURL) throws(UsageError) -> ResultOptions? {
        guard let text = settings.resultBackend else { return nil }
        let url = try self.url(text, settings, setting: "result_backend")
        var results = ResultOptions()
        results.database = url.database
        results.server = url.isSameServer(as: broker) ? nil : url
        results.keyPrefix = settings.resultKeyPrefix
        results.expires = settings.resultExpires
        return results
    }

    /// Runs until a shutdown is complete. Returns the exit status.
    func run() throws -> Int32 {
        self.engine.input.hideSecrets()
        let output = self.engine.logOutput()
        let logger = self.engine.logger(output)
        self.engine.logProtection(logger)
        let table = self.engine.table
        let profiles = TaskProfiles(profile: { table.profiles[$0] }, delivery: { table.deliveries[$0] })
        let broker = RedisBroker(
            url: self.url, options: self.options, directory: TaskDirectory(names: table.names), profiles: profiles,
            pools: self.engine.settings.pools.count, logger: logger, seed: randomSeed())
        broker.messageKeys = self.keys
        let desk = ControlDesk(self.engine, broker, nodeName: self.options.nodeName, logger)
        broker.handler = desk
        let leaks = try LeakReporter(self.engine, logger)
        broker.onStart = { [unowned desk] in desk.listen(at: self.socketPath, on: $0) }
        defer { desk.close() }
        var hooks = self.hooks(broker)
        let service = ServiceReporter(Environment.current, logger)
        let traces = self.engine.settings.worker.traces
        let spans = try traces.socket.map { try SpanSink($0, logger) }
        desk.spans = spans
        let beat = try self.runsBeat ? EmbeddedBeat(self.engine, logger) : nil
        defer { beat?.finish() }
        hooks.passed = { master in
            leaks.update(master)
            spans?.flush()
            beat?.update(isStopping: master.isStopping)
            service?.update(master, desk.state)
            output.flush()
        }
        hooks.looked = { _, _ in leaks.looked() }
        hooks.nextWake = {
            [leaks.nextWake, service?.nextWake, spans?.nextWake, beat?.nextWake].compactMap { $0 }
                .reduce(.distantFuture, min)
        }
        if let spans { hooks.ended = { spans.add($0) } }
        var settings = try self.engine.masterSettings()
        settings.meters = broker.meters
        settings.spans = SpanPolicy(ratio: traces.socket == nil ? nil : traces.ratio)
        settings.nodeName = self.options.nodeName
        let master = try Master(
            settings: settings, broker: broker, logger: logger, hooks: hooks, seed: randomSeed())
        desk.master = master
        broker.endAttempt = { [unowned master] in master.endAttempt($0, kills: $1) }
        print(self.banner)
        StandardOutput.flush()
        let reason = try master.run()
        leaks.finish(master)
        spans?.flush()
        self.logEnd(logger, reason, broker)
        output.flush()
        return reason == .finished && broker.status.failure == nil ? 0 : RunSession.Status.couldNotWork.rawValue
    }

    /// `nil` where nothing is checked or signed.
    private static func keys(_ settings: SigningSettings) throws(KeyError) -> MessageKeys? {
        guard settings.verifyKeys ?? settings.signingKey ?? settings.certificates != nil else { return nil }
        return try MessageKeys(
            verifyKeys: settings.verifyKeys, signingKey: settings.signingKey, certificates: settings.certificates,
            maxAge: Double(settings.maxAge.wholeNanoseconds) / 1e9)
    }

    /// With other settings come other keys: that is how keys are rotated.
    private func hooks(_ broker: RedisBroker) -> MasterHooks {
        var hooks = self.engine.hooks()
        let apply = hooks.applyConfiguration
        hooks.applyConfiguration = { [worker = self.engine.worker] bytes in
            let settings = try ConfigurationInput(decoding: bytes).load(worker)
            let keys = try Self.keys(settings.worker.broker.signing)
            try Self.check(settings, keys)
            let reloaded = try apply(bytes)
            broker.messageKeys = keys
            return reloaded
        }
        return hooks
    }

    /// Where commands are taken without the broker; `nil` for nowhere.
    private var socketPath: String? {
        let settings = self.engine.settings.worker
        let name = self.options.nodeName.replacing("/", with: "_")
        return settings.control.socket ?? settings.stateDirectory.map { "\($0)/\(name).socket" }
    }

    private func logEnd(_ logger: Logger, _ reason: StopReason, _ broker: RedisBroker) {
        switch reason {
        case .finished: break
        case .templateFailed(let text), .bootFailed(let text):
            logger.critical("worker.cannot.start", metadata: ["reason": "\(text)"])
        }
        logger.notice(
            "worker.finished",
            metadata: [
                "taken": "\(broker.counts.taken)", "settled": "\(broker.counts.settled)",
                "stale": "\(broker.counts.stale)", "dead": "\(broker.counts.dead)",
                "recovered": "\(broker.counts.recovered)",
            ])
    }

    /// What is in force, for whoever starts a worker.
    private var banner: String {
        let settings = self.engine.settings
        let pools = settings.pools.map { pool in
            let most = pool.policy.maxConcurrency.map { " to \($0)" } ?? ""
            return (settings.pools.count == 1 ? "" : "\(pool.name) ") + "\(pool.policy.concurrency)\(most)"
        }
        let names = self.engine.table.names.filter { !BuiltinTasks.isBuiltin($0) }
        let rows = [
            ("broker", self.url.masked), ("results", self.resultsText),
            ("queues", "\(self.queuesText) (\(self.options.queueOrder.rawValue))"),
            ("children", pools.joined(separator: ", ")), ("limits", self.limitsText),
            ("groups", self.engine.groups.description),
            (
                "leases",
                "\(self.options.visibilityTimeout.unitDescription), a silent worker is dead after "
                    + self.options.workerTimeout.unitDescription
            ),
            ("signing", self.signingText), ("tasks", names.isEmpty ? "none" : names.joined(separator: ", ")),
        ]
        let lines = rows.map { "  \($0.0)\(String(repeating: " ", count: 10 - $0.0.count))\($0.1)" }
        return "\(self.options.nodeName), pid \(ownProcessID)\n" + lines.joined(separator: "\n")
    }

    private var queuesText: String {
        let isWeighted = self.options.queueOrder == .weighted
        return self.options.queues.map { isWeighted ? "\($0.name)=\($0.weight)" : $0.name }.joined(separator: ", ")
    }

    private var resultsText: String {
        guard let results = self.options.results else { return "not stored" }
        let kept = results.expires == .zero ? "for ever" : results.expires.unitDescription
        let place = results.server.map { "\($0.masked), stored before the acknowledgement" }
        return "\(place ?? "database \(results.database)"), kept \(kept)"
    }

    private var signingText: String {
        guard let keys else { return "nothing is checked or signed" }
        let parts = [
            keys.ring.map { "keys \($0.names.joined(separator: ", "))" }, keys.signer.map { "signs with \($0.id)" },
            keys.certificates.map { "\($0.count) certificates" },
        ]
        return parts.compactMap { $0 }.joined(separator: "; ")
    }

    private var limitsText: String {
        guard let limits = self.engine.table.profiles.first?.limits else { return "none" }
        let times = [("soft_time", limits.softTime), ("hard_time", limits.hardTime)].map { name, value in
            "\(name) \(value?.unitDescription ?? "none")"
        }
        return (times + ["memory \(limits.memory?.description ?? "none")"]).joined(separator: ", ")
    }
}
