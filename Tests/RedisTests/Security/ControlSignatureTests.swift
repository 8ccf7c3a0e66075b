import Celery
import EngineSupport
import Foundation
import JSON
import RemoteControl
import Signing
import Testing

extension RedisTests {
    /// Workers that take signed requests only.
    @Suite struct ControlSignatureTests {
        private let place: SigningPlace

        init() throws { self.place = try SigningPlace() }

        /// A worker that listens.
        private func worker() throws -> Program {
            let settings = "remote_control = \"signed\"\ncontrol_socket = \"\(self.place.scratch.file("socket"))\""
            let worker = try self.place.startWorker(concurrency: 1, settings)
            try worker.wait(for: "a worker that listens") {
                try self.place.server.command("PUBSUB", "NUMPAT").integer == 1
            }
            return worker
        }

        /// What a command prints about the only worker, as JSON.
        private func ask(_ words: String..., key: String? = nil, socket: Bool = false) throws -> JSONValue? {
            let config = try self.place.scratch.write(
                "[worker]\n" + (key.map { "signing_key = \"\($0)\"\n" } ?? ""), to: "client.toml")
            let way = socket ? ["--socket", self.place.scratch.file("socket")] : ["-b", self.place.server.url()]
            let program = try Program(
                command: [Executable.demo.path] + words + ["--json", "--timeout", "5", "--config", config] + way,
                expectsOutcomes: false)
            _ = try program.finish(within: 20)
            return try JSONValue(parsing: program.outputLines.joined().utf8).members.first?.value
        }

        @Test func onlySignedRequestsAreCarriedOut() throws {
            let worker = try self.worker()
            let stranger = try SigningPlace.secret(self.place.scratch, "private/stranger.hmac")
            for key in [nil, stranger] {
                for words in [["inspect", "ping"], ["control", "pool_grow", "1"]] {
                    let answer = try self.ask(words[0], words[1], key: key)
                    let error = try #require(answer?["error"]?.text)
                    #expect(error.contains("PermissionError") && error.contains("signed requests"), "\(error)")
                }
            }
            #expect(try self.ask("inspect", "ping", key: self.place.key)?["ok"]?.text == "pong")
            #expect(try self.ask("control", "pool_grow", "1", key: self.place.key)?["ok"] != nil)
            #expect(try self.ask("inspect", "ping", socket: true)?["ok"]?.text == "pong", "the socket needs no key")
            try worker.wait(forRecords: "control.refused", count: 2)
            #expect(try worker.wait(forRecords: "control.command").count == 1)
        }

        @Test func copiesAreRefused() throws {
            let worker = try self.worker()
            var envelope = try ControlRequest("pool_grow", ["n": 1])
                .envelope(clock: 1, expires: 0, deliveryTag: "tag")
            try SigningKey(file: self.place.key)
                .sign(request: &envelope, nonce: "n", now: Date().timeIntervalSince1970)
            for _ in 0..<3 { try self.publish(envelope) }
            try worker.wait(forRecords: "control.refused")
            #expect(worker.records("control.refused")[0]["reason"]?.text?.contains("has been carried out") == true)
            try worker.wait(forRecords: "control.command")
            // A worker that was started anew does not remember it, and need not.
            worker.signal(SIGTERM)
            #expect(try worker.finish(within: 20) == 0)
            #expect(worker.records("control.command").count == 1)
            try self.waitForNextSecond()
            let next = try self.worker()
            try self.publish(envelope)
            try next.wait(forRecords: "control.refused")
            #expect(next.records("control.refused")[0]["reason"]?.text?.contains("before this worker started") == true)
            #expect(next.records("control.command").isEmpty)
        }

        /// Signatures tell whole seconds.
        private func waitForNextSecond() throws {
            let second = Int(Date().timeIntervalSince1970)
            try wait(for: "the next second") { Int(Date().timeIntervalSince1970) > second }
        }

        private func publish(_ envelope: Envelope) throws {
            let text = String(decoding: envelope.serialized(), as: UTF8.self)
            try self.place.server.command("PUBLISH", "/0.celery.pidbox", text)
        }

        @Test(.enabled(if: PythonPeers.areInstalled)) func pythonProgramsSign() throws {
            let worker = try self.worker()
            var connection = PeerConnection(self.place.server)
            #expect(try CeleryClient(connection).inspect("ping")["error"]?.text?.contains("PermissionError") == true)
            connection.signingKey = self.place.key
            let client = try CeleryClient(connection)
            #expect(try client.inspect("ping")["ok"]?.text == "pong")
            #expect(try client.control("pool_grow", 1)["ok"] != nil || worker.records("control.command").count == 1)
        }

        @Test func withoutKeysNobodyCouldAsk() throws {
            let config = try self.place.scratch.write("[worker]\nremote_control = \"signed\"\n", to: "worker.toml")
            let worker = try Program(
                command: [Executable.demo.path, "worker", "-b", self.place.server.url(), "--config", config],
                expectsOutcomes: false)
            #expect(try worker.finish(within: 10) == 2)
            #expect(worker.errorText.contains("needs verify_keys"))
        }
    }
}
