import ArgumentParser
import Configuration

/// A flag for each setting of `[worker]`, `[limits]` and `[retry]`, the same in every command that runs tasks.
///
/// Values are checked with the rest of the configuration, so that a flag and a file get the same messages.
struct SettingFlags: ParsableArguments {
    @Option(name: [.customShort("c", allowingJoined: true), .customLong("concurrency")], help: help("concurrency"))
    var concurrency: String?
    @Option(help: help("max-concurrency")) var maxConcurrency: String?
    @Option(help: help("child-concurrency")) var childConcurrency: String?
    @Option(help: help("shutdown-grace")) var shutdownGrace: String?
    @Option(name: [.customShort("l", allowingJoined: true), .customLong("log-level")], help: help("log-level"))
    var logLevel: String?
    @Option(help: help("log-format")) var logFormat: String?
    @Option(help: help("held-messages")) var heldMessages: String?
    @Option(help: help("boot-timeout")) var bootTimeout: String?
    @Option(help: help("control-groups")) var controlGroups: String?
    @Option(help: help("sandbox")) var sandbox: String?
    @Option(help: help("memory-budget")) var memoryBudget: String?
    @Option(help: help("state-dir")) var stateDir: String?
    @Option(help: help("leak-ledger")) var leakLedger: String?

    @Option(help: help("soft-time")) var softTime: String?
    @Option(help: help("hard-time")) var hardTime: String?
    @Option(name: .customLong("soft-cpu-time"), help: help("soft-cpu-time")) var softCPUTime: String?
    @Option(name: .customLong("hard-cpu-time"), help: help("hard-cpu-time")) var hardCPUTime: String?
    @Option(name: .customLong("cpu-percent"), help: help("cpu-percent")) var cpuPercent: String?
    @Option(help: help("memory")) var memory: String?
    @Option(help: help("open-files")) var openFiles: String?
    @Option(help: help("processes")) var processes: String?
    @Option(help: help("file-size")) var fileSize: String?
    @Option(help: help("output")) var output: String?
    @Option(help: help("result")) var result: String?
    @Option(help: help("stuck-after")) var stuckAfter: String?
    @Option(help: help("when-stuck")) var whenStuck: String?

    @Option(help: help("recycle")) var recycle: String?
    @Option(help: help("leak-allowance")) var leakAllowance: String?
    @Option(help: help("max-tasks-per-child")) var maxTasksPerChild: String?
    @Option(help: help("max-child-age")) var maxChildAge: String?
    @Option(help: help("max-child-growth")) var maxChildGrowth: String?

    @Option(help: help("max-retries")) var maxRetries: String?
    @Option(help: help("automatic")) var automatic: String?
    @Option(help: help("backoff")) var backoff: String?
    @Option(help: help("max-backoff")) var maxBackoff: String?
    @Option(help: help("jitter")) var jitter: String?
    @Option(help: help("max-losses")) var maxLosses: String?
    @Option(help: help("breaker")) var breaker: String?
    @Option(help: help("breaker-wait")) var breakerWait: String?

    /// The given flags by ``SettingKey/flag``.
    var values: [String: String] {
        let all: [String: String?] = [
            "concurrency": self.concurrency, "max-concurrency": self.maxConcurrency,
            "child-concurrency": self.childConcurrency,
            "shutdown-grace": self.shutdownGrace, "log-level": self.logLevel, "log-format": self.logFormat,
            "held-messages": self.heldMessages, "boot-timeout": self.bootTimeout,
            "control-groups": self.controlGroups, "memory-budget": self.memoryBudget, "sandbox": self.sandbox,
            "cpu-percent": self.cpuPercent,
            "soft-time": self.softTime,
            "hard-time": self.hardTime, "soft-cpu-time": self.softCPUTime, "hard-cpu-time": self.hardCPUTime,
            "memory": self.memory, "open-files": self.openFiles, "processes": self.processes,
            "file-size": self.fileSize, "output": self.output, "result": self.result,
            "max-tasks-per-child": self.maxTasksPerChild, "max-child-age": self.maxChildAge,
            "max-child-growth": self.maxChildGrowth, "max-retries": self.maxRetries, "automatic": self.automatic,
            "backoff": self.backoff, "max-backoff": self.maxBackoff, "jitter": self.jitter,
            "max-losses": self.maxLosses, "stuck-after": self.stuckAfter, "when-stuck": self.whenStuck,
            "breaker": self.breaker, "breaker-wait": self.breakerWait, "state-dir": self.stateDir,
            "leak-ledger": self.leakLedger, "recycle": self.recycle, "leak-allowance": self.leakAllowance,
        ]
        return all.compactMapValues { $0 }
    }
}

/// The help of a flag is the meaning of its setting.
func help(_ flag: String) -> ArgumentHelp {
    guard let key = SettingKey.all.first(where: { $0.flag == flag }) else {
        preconditionFailure("There is a setting for the flag --\(flag).")
    }
    return ArgumentHelp(stringLiteral: "\(key.meaning) Default: \(key.defaultText ?? "none").")
}
