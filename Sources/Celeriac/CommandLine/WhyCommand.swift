import ArgumentParser
import CeleriacClient
import JSON
import PostMortems
import Syscalls
import SystemPackage
import WorkerLog

/// `celeriac why`
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tells why a task ended as it did.",
        discussion: """
            Looks for its result and its dead letter on the servers, or with --journal in a file: a journal of `run`, or \
            outcome lines that were kept.

            Exit status: 0 printed, 1 nothing is known of the task, 2 wrong usage or configuration, 3 the server cannot \
            be reached or refuses.
            """)

    @Argument(help: "The task's id, or that of its dead letter.") var id: String
    @Option(help: "Look in this file; may be given several times. The last outcome counts.") var journal: [String] = []
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        try reportingErrors {
            guard let record = try self.journal.isEmpty ? self.onServers() : self.inFiles() else {
                printError("nothing is known of \(self.id)")
                throw ExitCode(ClientStatus.failed.rawValue)
            }
            self.show(record)
        }
    }

    private func inFiles() throws -> JSONObject? {
        let search = OutcomeSearch(self.id)
        var last: JSONObject?
        for path in self.journal {
            do {
                last = try search.lastOutcome(in: path) ?? last
            } catch let error as Errno {
                throw UsageError(description: "cannot read \(path): \(error)")
            }
        }
        return last
    }

    private func onServers() throws -> JSONObject? {
        let settings = try self.servers.settings()
        let client = try self.servers.client(settings)
        let (id, hasResults, hasBroker) = (self.id, settings.resultBackend != nil, settings.url != nil)
        return try waiting {
            let result = hasResults ? try await client.endInResults(of: id) : nil
            // A result that tells no more than a dead letter would is enough.
            if let result, result["post_mortem"] != nil || result["state"] == "SUCCESS" { return result }
            let letter = hasBroker ? try await client.deadLetter(of: id) : nil
            return letter.map(Self.record) ?? result
        }
    }

    /// A dead letter's record without the message.
    private static func record(_ letter: DeadLetterRecord) -> JSONObject {
        guard case .object(var record) = letter.summary else { return [:] }
        record["letter"] = .string(letter.id)
        record["id"] = record["task_id"]
        return record
    }

    private func show(_ record: JSONObject) {
        guard !self.json else { return print(JSONValue.object(record)) }
        let lines = Certificate(record).lines
        for line in lines { print(Self.harmless(line)) }
        if lines.isEmpty { print(JSONValue.object(record)) }
    }

    /// Messages and output are whatever a task wrote: nothing of it may command the terminal.
    private static func harmless(_ line: String) -> String {
        var bytes: [UInt8] = []
        LogText.escape(Array(line.utf8)[...], into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
