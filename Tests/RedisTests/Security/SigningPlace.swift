import Celery
import EngineSupport
import Foundation
import JSON
import Signing

/// A server, keys, and workers that take signed messages: the place of a test.
final class SigningPlace {
    let server: RedisServer
    let scratch: ScratchDirectory
    /// The file of the key that producers and workers sign with.
    let key: String

    init() throws {
        self.server = try RedisServer()
        self.scratch = try ScratchDirectory()
        for name in ["keys", "private"] {
            try FileManager.default.createDirectory(
                atPath: self.scratch.file(name), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        self.key = try Self.secret(self.scratch, "keys/shared-1.hmac")
        try self.scratch.write("", to: "marks")
    }

    /// Writes a secret into a file and returns its path.
    @discardableResult
    static func secret(_ scratch: ScratchDirectory, _ name: String) throws -> String {
        let secret = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        let path = try scratch.write("hmac-sha256 \(secret.base64EncodedString())\n", to: name)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    /// Runs `openssl` in the directory.
    func openssl(_ arguments: String...) throws {
        let program = try Program(
            command: ["/bin/sh", "-c", "cd '\(self.scratch.path)' && exec openssl \"$@\"", "sh"] + arguments,
            expectsOutcomes: false)
        guard try program.finish() == 0 else { throw Failed(text: program.errorText) }
    }

    struct Failed: Error {
        let text: String
    }

    /// Makes a pair of Ed25519 keys whose public half is among the keys; returns the private one's path.
    func pair(_ name: String) throws -> String {
        try self.openssl("genpkey", "-algorithm", "ed25519", "-out", "private/\(name).pem")
        try self.openssl("pkey", "-in", "private/\(name).pem", "-pubout", "-out", "keys/\(name).pem")
        let path = self.scratch.file("private/\(name).pem")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    // MARK: Workers

    /// A worker whose tasks `tasks.mark`, `tasks.early`, `tasks.add` and `tasks.retry_once` take signed messages only.
    /// `demo.publish` does so unless it `isOpen`.
    func startWorker(
        signs: Bool = true, concurrency: Int = 2, isOpen: Bool = false, _ further: String = ""
    ) throws -> Program {
        let command = ["worker", "-b", self.server.url(), "--result-backend", self.server.url()]
        let config = try self.scratch.write(self.configuration(signs, isOpen, further), to: "worker.toml")
        return try Program(
            command: [Executable.demo.path] + command + [
                "-c", "\(concurrency)", "--log-format", "json", "--config", config,
            ], expectsOutcomes: false)
    }

    private func configuration(_ signs: Bool, _ isOpen: Bool, _ further: String) -> String {
        let mark = #"echo \"$1\" >> '\#(self.scratch.file("marks"))'; exec sleep \"$2\""#
        return """
            [worker]
            worker_timeout = "2s"
            verify_keys = "\(self.scratch.file("keys"))"
            \(signs ? "signing_key = \"\(self.key)\"" : "")
            \(further)

            [tasks."tasks.mark"]
            command = ["sh", "-c", "\(mark)", "mark", "{id}", "{kwargs.seconds}"]
            stdin = "none"
            require_signature = true

            [tasks."tasks.early"]
            command = ["sh", "-c", "\(mark)", "mark", "{id}", "{kwargs.seconds}"]
            stdin = "none"
            require_signature = true
            acks = "early"

            [tasks."tasks.add"]
            require_signature = true

            [tasks."tasks.retry_once"]
            require_signature = true

            [tasks."demo.publish"]
            require_signature = \(!isOpen)

            """
    }

    // MARK: Messages

    /// A message as a producer sends it, signed with a key, if there is one.
    func message(
        _ id: String, _ task: String, arguments: String = "[]", seconds: Double = 0, key: String?,
        signed seconds1970: Double = Date().timeIntervalSince1970
    ) throws -> Envelope {
        var message = RawMessage(id, task)
        message.arguments = arguments
        if arguments == "[]" { message.keywords = #"{"seconds": \#(seconds)}"# }
        var envelope = try Envelope(parsing: Array(message.text.utf8)[...])
        if let key { try SigningKey(file: key).sign(&envelope, now: seconds1970) }
        return envelope
    }

    func push(_ envelope: Envelope) throws {
        try self.server.command("LPUSH", "celery", String(decoding: envelope.serialized(), as: UTF8.self))
    }

    // MARK: What became of them

    /// How often each task has run.
    func marks() throws -> [String: Int] {
        try self.scratch.read("marks").split(separator: "\n").reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }

    func document(_ id: String) throws -> JSONValue? {
        guard let text = try self.server.command("GET", "celery-task-meta-\(id)").text else { return nil }
        return try JSONValue(parsing: Array(text.utf8)[...])
    }

    func state(_ id: String) throws -> String? { try self.document(id)?["status"]?.text }

    /// The results of all tasks.
    func results() throws -> [JSONValue] {
        let keys = try self.server.command("KEYS", "celery-task-meta-*").texts
        return try keys.compactMap { try self.document(String($0.dropFirst("celery-task-meta-".count)))?["result"] }
    }

    /// The reasons of dead letters by task id, and how often.
    func dead() throws -> [String: Int] {
        let records = try self.server.command("HVALS", "celeriac.dead").texts
        return try records.reduce(into: [:]) { counts, text in
            let record = try JSONValue(parsing: Array(text.utf8)[...])
            counts["\(record["task_id"]?.text ?? "") \(record["reason"]?.text ?? "")", default: 0] += 1
        }
    }

    /// Messages that wait, are held, or are not due.
    func left() throws -> Int {
        let counts = try [("LLEN", "celery"), ("HLEN", "unacked"), ("ZCARD", "celeriac.scheduled")].map {
            try self.server.command($0.0, $0.1).integer ?? 0
        }
        return counts.reduce(0, +)
    }
}
