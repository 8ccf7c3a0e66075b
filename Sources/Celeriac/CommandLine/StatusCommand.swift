import ArgumentParser
import Celery
import JSON
import RemoteControl
import Syscalls
import WorkerStatus

/// `celeriac status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Lists the workers that answer.",
        discussion: """
            With --socket it is a probe of a worker of this machine: whoever is answered knows that its loop turns.

            \(ClientStatus.help), 1 a worker that answers is not ready, 4 nobody answered.
            """)

    @Flag(help: "Succeed only if all that answer take messages. Workers of Celery count as ready.") var ready = false
    @Flag(help: "Print the metrics of one worker in the text format of Prometheus.") var metrics = false
    @OptionGroup(title: "Whom to ask") var question: QuestionFlags

    func run() throws {
        if self.metrics { return try self.printMetrics() }
        if self.ready { return try self.checkReadiness() }
        let replies = try self.question.ask(ControlRequest("ping"))
        if self.question.json { return print(QuestionFlags.json(replies)) }
        for reply in replies {
            print("\(terminalText(reply.node)): \(reply.value["ok"] == "pong" ? "OK" : "answers oddly")")
        }
        print(replies.count == 1 ? "1 worker is there." : "\(replies.count) workers are there.")
    }

    private func checkReadiness() throws {
        let replies = try self.question.ask(ControlRequest("snapshot", ["parts": ["worker"]]))
        if self.question.json { print(QuestionFlags.json(replies)) }
        let states = replies.map { ($0.node, $0.value["worker"]?["state"]?.asString) }
        if !self.question.json {
            for (node, state) in states { print("\(terminalText(node)): \(terminalText(state ?? "does not tell"))") }
        }
        // One that does not know the question is none of ours.
        guard states.allSatisfy({ $0.1 == nil || $0.1 == WorkerState.consuming.rawValue }) else {
            throw ExitCode(ClientStatus.failed.rawValue)
        }
    }

    private func printMetrics() throws {
        let replies = try self.question.ask(ControlRequest("snapshot", ["parts": ["queues", "tasks"]]))
        guard replies.count == 1 else {
            throw UsageError(description: "\(replies.count) workers answer; --metrics shows one: name it with -d")
        }
        print(PrometheusText.render(try replies[0].snapshot()), terminator: "")
    }
}

extension ControlReply {
    /// The snapshot that a worker of ours has answered. Throws ``UsageError`` with what it said instead.
    func snapshot() throws -> WorkerSnapshot {
        do {
            return try JSONCoder.decode(WorkerSnapshot.self, from: try self.value.plainJSON())
        } catch {
            let reason = self.value["error"]?.asString ?? "\(error)"
            throw UsageError(description: "\(self.node) has sent no snapshot: \(reason)")
        }
    }
}
