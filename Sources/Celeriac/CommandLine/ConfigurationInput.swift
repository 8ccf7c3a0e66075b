import Configuration
import ControlGroups
import JSON
import Prefork
import Syscalls
import SystemPackage
import Wire

/// What a configuration is made of, as the master reads it and the template reads it again.
struct ConfigurationInput: Codable, Equatable {
    /// The file's name and text; `nil` without a file.
    var fileName: String?
    var fileText: String?
    /// Flags by name.
    var flags: [String: String]
    /// What `concurrency = "auto"` means.
    var processors: Int

    /// Reads the file that `--config` or `CELERIAC_CONFIG` names.
    init(path: String?, flags: [String: String]) throws {
        self.flags = flags
        self.processors = ResourceCeiling.current().processors
        guard let path = path ?? Environment.current["CELERIAC_CONFIG"] else { return }
        self.fileName = path
        do {
            self.fileText = try readTextFile(path)
        } catch {
            throw UsageError(description: "cannot read the configuration \(path): \(error)")
        }
    }

    /// Understands the form in which a template gets it.
    init(decoding bytes: [UInt8]) throws { self = try JSONCoder.decode(Self.self, from: bytes[...]) }

    /// The form in which a template gets it.
    func encoded() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try JSONCoder.encode(self, into: &bytes)
        return bytes
    }

    /// The same for a process that runs tasks: nothing in it holds a password.
    func withoutSecrets() throws -> Self {
        var input = self
        input.flags = self.flags.filter { !SettingKey.secretFlags.contains($0.key) }
        if let fileName, let fileText { input.fileText = try Settings.withoutSecrets(file: fileName, fileText) }
        return input
    }

    /// The password stays in this process: not in `ps`, and not in what other processes of its user may read of it.
    func hideSecrets() {
        for flag in SettingKey.secretFlags {
            if let url = self.flags[flag] { maskOwnArguments(url, as: maskingLogins(in: url)) }
        }
        hideOwnMemory()
    }

    /// Checks everything and puts it together.
    func load(_ worker: Worker) throws(ConfigurationErrors) -> Settings {
        let file = self.fileName.flatMap { name in self.fileText.map { (name: name, text: $0) } }
        return try Settings.load(
            file: file, environment: Environment.current, flags: self.flags, processors: self.processors,
            tasks: worker.options.merging(BuiltinTasks.options) { own, _ in own },
            schedule: worker.schedules)
    }
}

/// A mistake in how the program was called.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}
