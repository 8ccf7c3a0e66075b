import SandboxPolicy
import Supervision

/// The configuration in effect: everything that the file, the environment, the command line and the code say, put together.
///
/// A pure function of what it is loaded from: two processes that load the same inputs have the same settings.
public struct Settings: Equatable, Sendable {
    /// What concerns the worker as a whole.
    public let worker: WorkerSettings
    /// The pools. The first is `default`; the others follow in the order of the file.
    public let pools: [PoolSettings]
    /// The names of the tasks that are commands, sorted.
    public let commandTasks: [String]
    /// The sandbox profiles by name: the built-in ones and those of the file.
    public let sandboxProfiles: [String: SandboxProfile]
    /// The entries of the schedule, in the order of their names.
    public let schedule: [ScheduleSettings]
    /// What is allowed and probably not meant, each with its place.
    public let warnings: [String]

    let base: Layer
    let poolLayers: [Layer]  // in the order of `pools`
    let taskLayers: [String: Layer]
    let sandboxLayers: [String: Layer]
    let scheduleLayers: [String: Layer]
    private let tasks: [String: TaskSettings]

    /// What is set for a task, or `nil` when the program does not register it and no command defines it.
    public func task(named name: String) -> TaskSettings? { self.tasks[name] }

    /// The names of all tasks, sorted.
    public var taskNames: [String] { self.tasks.keys.sorted() }

    init(
        base: Layer, pools: [NamedLayer], taskLayers: [String: Layer], profiles: SandboxProfiles,
        schedule: ScheduleSections, warnings: [String]
    ) {
        self.base = base
        self.poolLayers = pools.map(\.layer)
        self.taskLayers = taskLayers
        self.sandboxProfiles = profiles.byName
        self.sandboxLayers = profiles.layers
        self.schedule = schedule.entries
        self.scheduleLayers = schedule.layers
        self.warnings = warnings
        self.worker = WorkerSettings(base)
        self.pools = pools.map { pool in
            let profile = pool.layer.text(.sandbox).flatMap { profiles.byName[$0] } ?? .standard
            return PoolSettings(name: pool.name, policy: PoolPolicy(pool.layer), sandbox: profile)
        }
        let tasks = taskLayers.mapValues { layer in
            let pool = pools.firstIndex { $0.name == layer.text(.pool) } ?? 0
            return TaskSettings(
                limits: TaskLimits(layer),
                retry: RetryPolicy(layer),
                pool: pool,
                leakAllowance: layer.leakAllowance,
                delivery: DeliverySettings(layer),
                command: CommandSpec(layer)
            )
        }
        self.tasks = tasks
        self.commandTasks = tasks.filter { $0.value.command != nil }.keys.sorted()
    }
}

extension Settings {
    /// Puts the configuration together and checks all of it.
    ///
    /// From weakest to strongest: built-in default, file, environment (`CELERIAC_LIMITS_HARD_TIME`), flag
    /// (`--hard-time`); then, for one task, `tasks`, the file's `[tasks]` patterns from least to most specific,
    /// and its `[tasks]` section with the exact name.
    ///
    /// - Parameters:
    ///   - file: The configuration file's name, for messages, and its text; `nil` when there is none.
    ///   - environment: The process's environment. Only names that start with `CELERIAC_` are looked at.
    ///   - flags: The values given on the command line, by ``SettingKey/flag``.
    ///   - processors: What `concurrency = "auto"` means.
    ///   - tasks: Every task that the program registers, by name.
    ///   - schedule: What the program has sent again and again.
    /// - Throws: Everything that is wrong, not only the first mistake.
    public static func load(
        file: (name: String, text: String)?,
        environment: [String: String] = [:],
        flags: [String: String] = [:],
        processors: Int,
        tasks: [String: TaskOptions] = [:],
        schedule: [CodeSchedule] = []
    ) throws(ConfigurationErrors) -> Settings {
        var inputs = Inputs()
        if let file { inputs.readFile(named: file.name, file.text) }
        inputs.readEnvironment(environment)
        inputs.readFlags(flags)
        inputs.readCode(tasks)
        inputs.readCode(schedule)
        var resolver = Resolver(inputs, processors: processors)
        let settings = resolver.settings()
        guard resolver.problems.errors.isEmpty else { throw ConfigurationErrors(resolver.problems.errors) }
        return settings
    }
}
