import ArgumentParser
import CeleriacClient
import Celery
import JSON

/// `celeriac queues`
struct QueuesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "Prints how many messages wait in each queue, by priority, and what else waits.",
        discussion: """
            Without names it shows the configured queues and all that somebody has sent to or taken from. Workers are \
            Celeriac's own; Celery's leave no sign.

            \(ClientStatus.help).
            """)

    @Argument(help: "Names of queues.") var names: [String] = []
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let settings = try self.servers.settings()
        let client = try self.servers.client(settings)
        try reportingErrors {
            let (names, configured) = (self.names, settings.queues.map(\.name))
            let (lengths, state) = try waiting {
                let queues = names.isEmpty ? Set(configured).union(try await client.boundQueues()).sorted() : names
                return (try await client.lengths(of: queues), try await client.brokerState())
            }
            print(self.json ? Self.json(lengths, state).description : Self.text(lengths, state))
        }
    }

    private static func text(_ lengths: [QueueLength], _ state: BrokerState) -> String {
        let steps = BrokerKeys.prioritySteps
        var table = TextTable(
            ["queue"] + steps.map { "priority \($0)" } + ["total"], rightAligned: Set(1...(steps.count + 1)))
        for queue in lengths { table.add([queue.name] + queue.steps.map { "\($0.messages)" } + ["\(queue.total)"]) }
        return """
            \(table.text)

            unacknowledged \(state.unacknowledged), scheduled \(state.scheduled), dead \(state.dead), \
            workers alive \(state.workers)
            """
    }

    private static func json(_ lengths: [QueueLength], _ state: BrokerState) -> JSONValue {
        let queues = lengths.map { queue -> JSONValue in
            var steps = JSONObject()
            for step in queue.steps { steps["\(step.priority)"] = .number(JSONNumber(step.messages)) }
            return [
                "name": .string(queue.name), "priorities": .object(steps), "total": .number(JSONNumber(queue.total)),
            ]
        }
        return [
            "queues": .array(queues), "unacknowledged": .number(JSONNumber(state.unacknowledged)),
            "scheduled": .number(JSONNumber(state.scheduled)), "dead": .number(JSONNumber(state.dead)),
            "workers": .number(JSONNumber(state.workers)),
        ]
    }
}
