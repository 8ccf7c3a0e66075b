import Configuration
import Prefork
import Syscalls

/// The second role of every worker program: the template, started by the master with a first argument of its own.
enum TemplateRole {
    private static let argument = "--celeriac-template"
    /// Where the master puts the control socket, the settings, and the pages for breadcrumbs.
    private static let control: CInt = 3
    private static let input: CInt = 4
    private static let breadcrumbs: CInt = 5
    /// Has the loader look up every function of a library at the start of the template, instead of each child at its
    /// first use: a tenth of a fresh child's page faults.
    private static let bindNow = "LD_BIND_NOW"

    /// How the master starts it. Crashes are reported by our own handler, and the Swift runtime's would only delay
    /// them; it reads its setting at the start of a process.
    ///
    /// - Parameter openFiles: the soft limit on open files that its children get; the master may need more.
    static func request(openFiles: UInt64) -> SpawnRequest {
        var environment = Environment.current.filter {
            !SettingKey.secretVariables.contains($0.key) && !ServiceReporter.variables.contains($0.key)
        }
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment[Self.bindNow] = "1"
        var request = SpawnRequest(
            path: "/proc/self/exe",
            arguments: [CommandLine.arguments[0], Self.argument, "\(ownProcessID)", "\(openFiles)"],
            environment: environment.map { "\($0.key)=\($0.value)" })
        request.standard.0 = nullDevice
        return request
    }

    /// Whether this process was started as a template.
    static var isOurs: Bool { CommandLine.arguments.dropFirst().first == Self.argument }

    /// Runs the template to its end.
    static func run(_ worker: Worker) -> Never {
        guard CommandLine.arguments.count == 4, let master = ProcessID(CommandLine.arguments[2]),
            let openFiles = UInt64(CommandLine.arguments[3])
        else { exitNow(2) }
        // What tasks start is not to be slower for it.
        Environment.forget { $0 == Self.bindNow }
        do {
            try Resource.openFiles.setSoftLimit(openFiles)
            let input = try ConfigurationInput(decoding: readAll(Self.input))
            let settings = try input.load(worker)
            runTemplate(
                self.program(worker, settings, processors: input.processors), control: Self.control,
                breadcrumbs: Self.breadcrumbs, master: master)
        } catch {
            failTemplate(reason: "\(error)", control: Self.control)
        }
    }

    static func program(_ worker: Worker, _ settings: Settings, processors: Int) -> WorkerProgram {
        var program = WorkerProgram()
        program.bodies = worker.bodies
        for name in settings.commandTasks {
            if let spec = settings.task(named: name)?.command { program.bodies[name] = CommandTask(spec: spec).body }
        }
        let pools = settings.taskNames.map { ($0, settings.task(named: $0)?.pool ?? 0) }
        let builtins = BuiltinTasks(bodies: program.bodies, pools: Dictionary(uniqueKeysWithValues: pools))
        program.bodies.merge(builtins.all) { own, _ in own }
        program.nodeName = settings.worker.broker.nodeName(host: hostName())
        program.extendsResults = settings.worker.broker.resultExtended
        program.opensSignedBodies = settings.worker.broker.signing.certificates != nil
        program.preload = worker.preloadBody
        program.prepareChild = worker.prepareChildBody
        program.childConcurrency = settings.pools.map(\.policy.childConcurrency)
        program.sandboxes = settings.pools.map(\.sandbox)
        program.lookShare = self.lookShare(settings, processors)
        return program
    }

    /// All children together may spend 0.6 % of the processors' time on looking at what they hold.
    private static func lookShare(_ settings: Settings, _ processors: Int) -> Double {
        let children = settings.pools.reduce(0) { $0 + $1.policy.concurrency }
        return switch settings.worker.leakLedger {
        case .off: 0
        case .sampled: 0.006 * min(1, Double(processors) / Double(max(1, children)))
        case .every: .infinity
        }
    }
}
