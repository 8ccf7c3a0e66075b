import ArgumentParser
import Beat
import CeleriacClient
import Celery
import Configuration
import JSON
import Schedules
import Supervision
import Syscalls

/// `celeriac schedule`
struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Shows the schedule and what is known of it, and fires an entry by hand.",
        subcommands: [ScheduleListCommand.self, ScheduleNextCommand.self, ScheduleRunCommand.self])
}

/// `celeriac schedule list`
struct ScheduleListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Prints each entry of the schedule, when it was sent last, and when it is due next.",
        discussion: """
            Entries that are not in the configuration and are known at the broker are shown as removed. Times are in UTC.

            \(ClientStatus.help).
            """)

    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let settings = try self.servers.input().load(WorkerCommand.worker)
        let entries = try BeatSchedule.entries(settings)
        let client = try self.servers.client(settings.worker.broker)
        try reportingErrors {
            let records = try waiting { try await client.scheduleRecords() }
            let list = ScheduleList(entries, records)
            print(self.json ? list.json.description : list.text)
        }
    }
}

/// `celeriac schedule next`
struct ScheduleNextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Prints when entries of the schedule are due, without a server.",
        discussion: """
            Intervals are counted from now on here; the broker knows when they began. Exit status: 0 done, 2 wrong usage \
            or configuration.
            """)

    @Argument(help: "The entry's name. Default: all of them.") var name: String?
    @Option(name: [.customShort("n"), .customLong("count")], help: "How many instants of each.") var count = 10
    @Option(help: "The time after which to begin (ISO 8601). Default: now.") var after: String?
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.") var config: String?

    func validate() throws {
        guard (1...1_000).contains(self.count) else { throw ValidationError("-n is from 1 to 1000.") }
    }

    func run() throws {
        let settings = try ConfigurationInput(path: self.config, flags: [:]).load(WorkerCommand.worker)
        let entries = try BeatSchedule.entries(settings).map(\.entry).named(self.name)
        let seconds = try OptionParsing.instant(self.after, "after") ?? Double(wallNanoseconds()) / 1e9
        let start = WallInstant(milliseconds: Int64(seconds * 1_000))
        let rows = entries.map { (entry: $0, instants: self.instants($0.schedule, after: start)) }
        if self.json {
            return print(JSONValue.array(rows.map { ["name": .string($0.entry.name), "next": .array($0.instants)] }))
        }
        for (index, row) in rows.enumerated() {
            if index > 0 { print("") }
            print(terminalText("\(row.entry.name): \(row.entry.task), \(row.entry.schedule.text)"))
            for case .string(let instant) in row.instants { print("  \(instant)") }
        }
    }

    private func instants(_ schedule: Schedule, after start: WallInstant) -> [JSONValue] {
        var instant = start
        return (0..<self.count).map { _ in
            instant = schedule.next(after: instant)
            return .string(schedule.text(of: instant))
        }
    }
}

/// `celeriac schedule run`
struct ScheduleRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Sends the task of an entry now, whatever its schedule, and prints the task's id.",
        discussion: """
            It is sent beside the schedule: what is known of the entry's firings stays as it is, and neither `enabled` nor \
            `overlap` is looked at.

            \(ClientStatus.help).
            """)

    @Argument(help: "The entry's name.") var name: String
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let settings = try self.servers.input().load(WorkerCommand.worker)
        let entry = try BeatSchedule.entries(settings).map(\.entry).named(self.name)[0]
        let client = try self.servers.client(settings.worker.broker)
        let call = Self.call(entry)
        try reportingErrors {
            let id = try waiting { try await client.send(call).id }
            print(self.json ? "\(JSONValue.object(["id": .string(id)]))" : id)
        }
    }

    private static func call(_ entry: BeatEntry) -> TaskCall {
        var options = SendOptions(queue: entry.queue, priority: entry.priority)
        options.expires = entry.expires.map { .after(.milliseconds($0)) }
        options.headers = [MessageMaker.beatHeader: true, MessageMaker.nameHeader: .string(entry.name)]
        return TaskCall(entry.task, arguments: entry.arguments, keywords: entry.keywords, options: options)
    }
}

extension [BeatEntry] {
    /// The entry of a name, or all for none. Throws ``UsageError`` when there is no such entry.
    fileprivate func named(_ name: String?) throws(UsageError) -> [BeatEntry] {
        guard let name else { return self }
        let found = self.filter { $0.name == name }
        if !found.isEmpty { return found }
        let hint = nearestMatch(to: name, in: self.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
        throw UsageError(description: "the schedule has no entry '\(name)'\(hint)")
    }
}
