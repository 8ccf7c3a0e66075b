import ArgumentParser
import JSON
import Supervision
import Syscalls

/// `celeriac leakcheck`
struct LeakCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leakcheck",
        abstract: "Runs a task in a loop, in one child, and fails when it leaves more behind than allowed.",
        discussion: """
            Nothing is concluded from the first half of the runs: what starts up starts, and caches fill. Give a task with \
            a large cache more runs. Descriptors, threads and processes have no budget.

            Exit status: 0 no leak, 1 the task leaks, 2 wrong usage or configuration, 3 the task failed or could not be \
            run, so that nothing is known.
            """)

    @Argument(help: "The task.") var task: String
    @Option(help: "Positional arguments, a JSON array.") var args = "[]"
    @Option(help: "Keyword arguments, a JSON object.") var kwargs = "{}"
    @Option(help: "How often it runs, at least \(GrowthCheck.fewestRuns) times.") var runs = 300
    @Option(help: "Memory that a run may leave behind.") var budget = "4KiB"
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.") var config: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Settings, each also a key of the configuration") var settings: SettingFlags

    func validate() throws {
        guard (GrowthCheck.fewestRuns...1_000_000).contains(self.runs) else {
            throw ValidationError("--runs must be between \(GrowthCheck.fewestRuns) and 1000000, not \(self.runs)")
        }
    }

    func run() throws {
        let budget = try self.parsedBudget()
        let flags = ["log-level": "warning"].merging(self.settings.values) { $1 }
        let input = try ConfigurationInput(path: self.config, flags: flags.merging(LeakCheckSession.flags) { $1 })
        let call = LeakCheckSession.Call(
            task: self.task, arguments: try Self.parse(self.args, "args", "an array") { $0.isArray },
            keywords: try Self.parse(self.kwargs, "kwargs", "an object") { $0.isObject }, runs: self.runs)
        let session = LeakCheckSession(
            engine: try EngineSetup(WorkerCommand.worker, input), call: call, budget: budget)
        switch try session.run() {
        case .failed(let reason):
            printError(reason)
            throw ExitCode(RunSession.Status.couldNotWork.rawValue)
        case .growths(let growths):
            print(self.json ? self.document(growths).description : self.text(growths))
            if growths.contains(where: \.leaks) { throw ExitCode(1) }
        }
    }

    private func parsedBudget() throws(UsageError) -> ByteCount {
        do throws(UnitError) { return try ByteCount(parsing: self.budget) } catch {
            throw UsageError(description: "--budget: \(error.description)")
        }
    }

    private static func parse(
        _ text: String, _ option: String, _ kind: String, _ fits: (JSONValue) -> Bool
    ) throws(UsageError) -> JSONValue {
        guard let value = try? JSONValue(parsing: Array(text.utf8)[...]), fits(value) else {
            throw UsageError(description: "--\(option): must be \(kind) in JSON, not \(text)")
        }
        return value
    }

    // MARK: Output

    private func text(_ growths: [GrowthCheck.Growth]) -> String {
        var table = TextTable(["", "per run", "95 % interval", "budget", ""], rightAligned: [1, 2, 3])
        for growth in growths { table.add(Self.row(growth)) }
        return "\(self.task), \(self.runs) runs\n\(table.text)\n\(self.verdict(growths))"
    }

    private static func row(_ growth: GrowthCheck.Growth) -> [String] {
        func amount(_ value: Double) -> String { LeakEstimate.text(value, isMemory: growth.holding.isMemory) }
        let remark = growth.leaks ? "leaks" : growth.hasSettled ? "grew in the first half only" : ""
        return [
            growth.holding.rawValue.replacing("_", with: " "), amount(growth.perRun),
            "\(amount(growth.interval.lowerBound)) … \(amount(growth.interval.upperBound))", amount(growth.budget),
            remark,
        ]
    }

    private func verdict(_ growths: [GrowthCheck.Growth]) -> String {
        let leaks = growths.filter(\.leaks).map { $0.holding.rawValue.replacing("_", with: " ") }
        if !leaks.isEmpty { return "\(self.task) leaks: \(leaks.joined(separator: ", "))" }
        if growths.contains(where: { $0.holding == .heap }) { return "no leak" }
        return "no leak of processes; no child lived through enough runs to tell more"
    }

    private func document(_ growths: [GrowthCheck.Growth]) -> JSONValue {
        var document: JSONObject = [
            "task": .string(self.task), "runs": .number(JSONNumber(self.runs)),
            "leaks": .array(growths.filter(\.leaks).map { .string($0.holding.rawValue) }),
        ]
        for growth in growths {
            document[growth.holding.rawValue] = [
                "per_run": Self.number(growth.perRun), "low": Self.number(growth.interval.lowerBound),
                "high": Self.number(growth.interval.upperBound), "budget": Self.number(growth.budget),
            ]
        }
        return .object(document)
    }

    private static func number(_ value: Double) -> JSONValue { JSONNumber(value).map { .number($0) } ?? .null }
}

extension JSONValue {
    fileprivate var isArray: Bool { if case .array = self { true } else { false } }
    fileprivate var isObject: Bool { if case .object = self { true } else { false } }
}
