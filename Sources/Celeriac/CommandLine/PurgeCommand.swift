import ArgumentParser
import CeleriacClient
import Syscalls

/// `celeriac purge`
struct PurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Deletes the messages that wait in queues.",
        discussion: """
            Messages that workers hold, or that are not due, stay. Asks at a terminal; elsewhere it needs --yes.

            \(ClientStatus.help); 1 it was not confirmed.
            """)

    @Argument(help: "Names of queues.") var names: [String]
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let client = try self.servers.client(try self.servers.settings())
        try reportingErrors {
            let names = self.names
            let found = try waiting { try await client.lengths(of: names).reduce(0) { $0 + $1.total } }
            let question = "Delete \(found) messages of \(names.joined(separator: ", "))?"
            guard try confirmed(question, yes: self.yes) else { throw ExitCode(ClientStatus.failed.rawValue) }
            for name in names {
                let count = try waiting { try await client.purge(name) }
                print("\(name): \(count) deleted")
            }
        }
    }
}
