import ArgumentParser
import CeleriacClient
import Celery
import Configuration
import FoundationEssentials
import JSON
import Supervision
import Syscalls

/// `celeriac send`
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends a task, or many from lines, to the workers of a Redis server.",
        discussion: """
            Prints the task's id, or with --wait its result as JSON. With --lines it reads task lines as `run` does and \
            prints an id for each.

            Exit status: 0 sent, and with --wait succeeded; 1 the task failed, or some lines are no tasks; 2 wrong usage \
            or configuration; 3 the server cannot be reached or refuses; 4 there was no result in time.
            """)

    @Argument(help: "The task's name.") var task: String?
    @Option(help: "Positional arguments, a JSON array.") var args = "[]"
    @Option(help: "Keyword arguments, a JSON object.") var kwargs = "{}"
    @Option(help: "The file with task lines; - is standard input.") var lines: String?
    @Option(name: [.customShort("q"), .customLong("queue")], help: "The queue.") var queue = "celery"
    @Option(help: "The task's id. Default: a new UUID.") var id: String?
    @Option(help: "Not to start before so much time has passed, such as 5s.") var countdown: String?
    @Option(help: "Not to start before this time (ISO 8601).") var eta: String?
    @Option(help: "Not to start after so much time, or after this time (ISO 8601).") var expires: String?
    @Option(help: "From 0, the most urgent, to 9.") var priority = 0
    @Option(help: "How the arguments are written: json, msgpack or yaml.") var serializer = "json"
    @Option(help: "How they are compressed: zlib, bzip2 or zstd. Default: not at all.") var compression: String?
    @Option(help: "The file of the key that signs the message. Default: `signing_key` in [worker], if any.")
    var signKey: String?
    @Flag(help: "Wait for the result.") var wait = false
    @Option(help: "How long to wait. Default: without end.") var timeout: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func validate() throws {
        if (self.task == nil) == (self.lines == nil) { throw ValidationError("Give the name of a task, or --lines.") }
        if self.lines != nil, self.wait { throw ValidationError("--wait is for one task, not for --lines.") }
        if self.timeout != nil, !self.wait { throw ValidationError("--timeout needs --wait.") }
        if self.countdown != nil, self.eta != nil { throw ValidationError("--countdown and --eta exclude each other.") }
    }

    func run() throws {
        let timeout = try OptionParsing.duration(self.timeout, "timeout")
        let settings = try self.servers.settings()
        let options = try self.options()
        if self.wait, settings.resultBackend == nil {
            throw UsageError(
                description: "--wait needs a result backend: --result-backend, or `result_backend` in [worker]")
        }
        guard let task else { return try self.sendLines(settings, options) }
        let call = TaskCall(
            task, arguments: try OptionParsing.arguments(self.args, "args"),
            keywords: try OptionParsing.keywords(self.kwargs, "kwargs"), options: options)
        let client = try self.servers.client(settings, signKey: self.signKey)
        try reportingErrors { try self.send(call, client, timeout) }
    }

    private func send(_ call: TaskCall, _ client: Client, _ timeout: Duration?) throws {
        let waits = self.wait
        let (id, result) = try waiting {
            let handle = try await client.send(call)
            return (handle.id, waits ? try await handle.result(timeout: timeout) : nil)
        }
        guard let result else { return print(self.json ? "\(JSONValue.object(["id": .string(id)]))" : id) }
        let status = try ResultOutput(json: self.json).show(result)
        if status != 0 { throw ExitCode(status) }
    }

    private func sendLines(_ settings: BrokerSettings, _ options: SendOptions) throws {
        let source = self.lines ?? "-"
        let descriptor: CInt
        do { descriptor = source == "-" ? 0 : try openForReading(source) } catch {
            throw UsageError(description: "cannot read \(source): \(error)")
        }
        let client = try self.servers.client(settings, signKey: self.signKey)
        let sender = LineSender(client: client, options: options, json: self.json)
        try reportingErrors {
            if try sender.send(from: descriptor) > 0 { throw ExitCode(ClientStatus.failed.rawValue) }
        }
    }

    private func options() throws -> SendOptions {
        var options = SendOptions(queue: self.queue, id: self.id, priority: self.priority)
        options.countdown = try OptionParsing.duration(self.countdown, "countdown")
        options.eta = try OptionParsing.instant(self.eta, "eta").map { Date(timeIntervalSince1970: $0) }
        options.expires = try self.expiry()
        guard let serializer = Serializer(rawValue: self.serializer) else {
            throw UsageError(description: "--serializer: \"\(self.serializer)\" is none of json, msgpack and yaml")
        }
        options.serializer = serializer
        options.compression = try self.compression.map { name in
            guard let format = CompressionFormat(rawValue: name) else {
                throw UsageError(description: "--compression: \"\(name)\" is none of zlib, bzip2 and zstd")
            }
            return format
        }
        return options
    }

    private func expiry() throws(UsageError) -> SendOptions.Expiry? {
        guard let text = self.expires else { return nil }
        if let seconds = ISO8601.seconds(parsing: text) { return .at(Date(timeIntervalSince1970: seconds)) }
        return try OptionParsing.duration(text, "expires").map { .after($0) }
    }
}
