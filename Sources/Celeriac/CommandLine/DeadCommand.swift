import ArgumentParser
import CeleriacClient
import JSON
import Syscalls

/// `celeriac dead`
struct DeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Lists, shows, replays and deletes dead letters.",
        subcommands: [DeadListCommand.self, DeadShowCommand.self, DeadReplayCommand.self, DeadPurgeCommand.self])
}

/// `celeriac dead list`
struct DeadListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists dead letters, the oldest first.",
        discussion: "With --json, an object a line, without the message. \(ClientStatus.help).")

    @OptionGroup(title: "Which letters") var filter: DeadFilter
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let selection = try self.filter.selection()
        let client = try self.servers.client(try self.servers.settings())
        let json = self.json
        try reportingErrors {
            _ = try waiting {
                try await selection.eachPage(of: client) { letters in
                    for letter in letters { print(json ? letter.summary.description : letter.line) }
                    return 0
                }
            }
        }
    }
}

/// `celeriac dead show`
struct DeadShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints everything that is known of dead letters, as JSON.",
        discussion: "\(ClientStatus.help); 1 there is no such letter.")

    @Argument(help: "Ids of letters.") var ids: [String]
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run() throws {
        let client = try self.servers.client(try self.servers.settings())
        let ids = self.ids
        try reportingErrors {
            let letters = try waiting { try await client.deadLetters(ids) }
            for letter in letters { print(letter.whole) }
            try checkFound(letters.map(\.id), of: ids)
        }
    }
}

/// `celeriac dead replay`
struct DeadReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Puts the messages of dead letters back on their queues.",
        discussion: """
            A message begins anew: its lost children and deliveries are not counted any more. Each letter goes in the \
            same step in which its message comes back, so that no message comes back twice. Messages that cannot be run \
            stay, unless --force is given. A signature is for one run: with a key, messages are signed anew, in your name.

            \(ClientStatus.help); 1 some letters could not be replayed.
            """)

    @OptionGroup(title: "Which letters") var filter: DeadFilter
    @Flag(help: "Replay all letters.") var all = false
    @Flag(help: "Replay also messages that cannot be run.") var force = false
    @Option(help: "The file of the key that signs the messages anew. Default: `signing_key` in [worker], if any.")
    var signKey: String?
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func validate() throws { try self.filter.requireSome(or: self.all) }

    func run() throws {
        let selection = try self.filter.selection()
        let client = try self.servers.client(try self.servers.settings(), signKey: self.signKey)
        let force = self.force
        try reportingErrors {
            let (found, replayed) = try waiting {
                var (found, replayed) = (0, 0)
                try await selection.eachPage(of: client) { letters in
                    let done = try await Self.replay(letters, client, force: force)
                    found += letters.count
                    replayed += done
                    return done
                }
                return (found, replayed)
            }
            print("\(replayed) of \(found) replayed")
            if replayed < found { throw ExitCode(ClientStatus.failed.rawValue) }
            if found == 0 { try checkFound([], of: self.filter.id) }
        }
    }

    private static func replay(_ letters: [DeadLetterRecord], _ client: Client, force: Bool) async throws -> Int {
        let usable = letters.filter { force || $0.isReplayable }
        for letter in letters where !force && !letter.isReplayable {
            printError("\(letter.id): \(letter.reason): the message cannot be run; --force sends it nevertheless")
        }
        var done = 0
        for (letter, replay) in zip(usable, try await client.replay(usable)) {
            switch replay {
            case .done: done += 1
            case .gone: printError("\(letter.id): the letter is gone")
            case .impossible: printError("\(letter.id): the record does not say what to send where")
            }
        }
        return done
    }
}

/// `celeriac dead purge`
struct DeadPurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Deletes dead letters.",
        discussion: "Asks at a terminal; elsewhere it needs --yes. \(ClientStatus.help); 1 it was not confirmed.")

    @OptionGroup(title: "Which letters") var filter: DeadFilter
    @Flag(help: "Delete all letters.") var all = false
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func validate() throws { try self.filter.requireSome(or: self.all) }

    func run() throws {
        let selection = try self.filter.selection()
        let client = try self.servers.client(try self.servers.settings())
        try reportingErrors {
            guard try confirmed("Delete dead letters?", yes: self.yes) else {
                throw ExitCode(ClientStatus.failed.rawValue)
            }
            let count = try waiting {
                var count = 0
                try await selection.eachPage(of: client) { letters in
                    let deleted = try await client.deleteDeadLetters(letters.map(\.id))
                    count += deleted
                    return deleted
                }
                return count
            }
            print("\(count) deleted")
        }
    }
}

/// Ends the command with status 1 when some of the letters that were named are not there.
private func checkFound(_ found: [String], of ids: [String]) throws {
    let missing = ids.filter { !found.contains($0) }
    guard !missing.isEmpty else { return }
    for id in missing { printError("\(id): there is no such letter") }
    throw ExitCode(ClientStatus.failed.rawValue)
}
