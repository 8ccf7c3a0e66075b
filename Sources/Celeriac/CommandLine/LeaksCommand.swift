import ArgumentParser
import JSON
import Syscalls
import SystemPackage

/// `celeriac leaks`
struct LeaksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leaks",
        abstract: "Prints which tasks leave memory, descriptors, threads or processes behind.",
        discussion: """
            Reads what workers write into their state directory (`state_dir`) every ten seconds and at their end.

            Exit status: 0 no task leaks, 1 some do, 2 wrong usage, or nothing to read.
            """)

    @Option(help: "The workers' state directory. Default: `state_dir` of the configuration.")
    var stateDir: String?
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.")
    var config: String?
    @Flag(help: "Print JSON, an object for each worker.")
    var json = false

    func run() throws {
        let directory = try self.directory()
        let snapshots = try Self.snapshots(in: directory)
        guard !snapshots.isEmpty else {
            throw UsageError(description: "\(directory): no worker has written what it knows of leaks")
        }
        for (index, snapshot) in snapshots.enumerated() {
            if index > 0 && !self.json { print("") }
            self.show(snapshot)
        }
        if snapshots.contains(where: \.hasLeaks) { throw ExitCode(1) }
    }

    private func directory() throws -> String {
        if let stateDir { return stateDir }
        let settings = try ConfigurationInput(path: self.config, flags: [:]).load(WorkerCommand.worker)
        guard let directory = settings.worker.stateDirectory else {
            throw UsageError(description: "say where workers keep their state: --state-dir, or `state_dir` in [worker]")
        }
        return directory
    }

    private static func snapshots(in directory: String) throws -> [LeakSnapshot] {
        let names: [String]
        do {
            names = try StateFiles.names(in: directory, ending: LeakSnapshot.fileSuffix)
        } catch {
            throw UsageError(description: "cannot read \(directory): \(error)")
        }
        return try names.map { name in
            do {
                let text = try readTextFile("\(directory)/\(name)")
                return try JSONCoder.decode(LeakSnapshot.self, from: Array(text.utf8)[...])
            } catch {
                throw UsageError(description: "\(directory)/\(name): \(error)")
            }
        }
    }

    private func show(_ snapshot: LeakSnapshot) {
        if self.json { return print((try? JSONCoder.encode(snapshot)).map { "\($0)" } ?? "") }
        let age = max(0, Double(wallNanoseconds()) / 1e9 - snapshot.written)
        print("\(snapshot.worker), pid \(snapshot.pid), \(Int(age)) s ago")
        print(snapshot.text)
    }
}
