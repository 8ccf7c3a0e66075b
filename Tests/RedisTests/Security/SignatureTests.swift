import Celery
import EngineSupport
import Foundation
import Glibc
import JSON
import Signing
import Syscalls
import Testing

extension SecurityTests {
    /// Signed messages at real workers: who may send, once each, and through losses, retries and rotation.
    @Suite struct SignatureTests {
        private let place: SigningPlace

        init() throws { self.place = try SigningPlace() }

        private func end(_ worker: Program) throws {
            worker.signal(SIGTERM)
            #expect(try worker.finish(within: 20) == 0)
        }

        @Test func onlySignedMessagesRunWhereThatIsRequired() throws {
            let key = self.place.key
            try self.place.push(self.place.message("signed", "tasks.add", arguments: "[1, 2]", key: key))
            try self.place.push(self.place.message("unsigned", "tasks.add", arguments: "[1, 2]", key: nil))
            var changed = try self.place.message("changed", "tasks.mul", arguments: "[2, 3]", key: key)
            changed.headers["task"] = RawJSON("tasks.add")
            try self.place.push(changed)
            let stranger = try SigningPlace.secret(self.place.scratch, "private/stranger.hmac")
            try self.place.push(self.place.message("stranger", "tasks.add", arguments: "[1, 2]", key: stranger))
            let old = Date().timeIntervalSince1970 - 90_000
            try self.place.push(self.place.message("old", "tasks.add", arguments: "[1, 2]", key: key, signed: old))
            try self.place.push(self.place.message("free", "tasks.mul", arguments: "[2, 3]", key: nil))
            let worker = try self.place.startWorker()
            try worker.wait(for: "all") { try self.place.left() == 0 }
            #expect(try self.place.state("signed") == "SUCCESS" && self.place.state("free") == "SUCCESS")
            let dead = [
                "unsigned unsigned": 1, "changed bad_signature": 1, "stranger bad_signature": 1, "old bad_signature": 1,
            ]
            #expect(try self.place.dead() == dead)
            // Who may not send may not speak for the task either.
            for id in ["unsigned", "changed", "stranger", "old"] { #expect(try self.place.document(id) == nil) }
            try self.end(worker)
        }

        @Test func sameMessageRunsOnce() throws {
            let message = try self.place.message("once", "tasks.mark", seconds: 0.5, key: self.place.key)
            for _ in 0..<3 { try self.place.push(message) }
            let workers = try [self.place.startWorker(), self.place.startWorker()]
            for worker in workers { try worker.wait(forRecords: "broker.connected") }
            try workers[0].wait(for: "the copies' end") { try self.place.dead()["once replayed"] == 2 }
            try workers[0].wait(for: "success") { try self.place.state("once") == "SUCCESS" }
            try self.place.push(message)
            // A mark that brokers set makes no other message of it.
            try self.place.push(message.returned(losses: 1))
            try workers[0].wait(for: "the late copies' end") { try self.place.dead()["once replayed"] == 4 }
            #expect(try self.place.marks() == ["once": 1])
            #expect(try self.place.state("once") == "SUCCESS")
            for worker in workers { try self.end(worker) }
        }

        @Test func redeliveryIsNoCopy() throws {
            for index in 0..<4 {
                try self.place.push(
                    self.place.message("m\(index)", "tasks.mark", seconds: 0.3, key: self.place.key))
            }
            let first = try self.place.startWorker()
            try first.wait(for: "a start") { try !self.place.marks().isEmpty }
            first.signal(SIGKILL)
            try first.finish(within: 5)
            let second = try self.place.startWorker()
            try second.wait(for: "all") { try (0..<4).allSatisfy { try self.place.state("m\($0)") == "SUCCESS" } }
            #expect(try self.place.dead().isEmpty && self.place.left() == 0)
            try self.end(second)
        }

        /// A worker that stops puts back what it has not run: as many times as it likes.
        @Test func messagesThatAreGivenBackRunLater() throws {
            for index in 0..<12 {
                let task = index % 2 == 0 ? "tasks.mark" : "tasks.early"
                try self.place.push(self.place.message("m\(index)", task, seconds: 0.2, key: self.place.key))
            }
            for _ in 0..<2 {
                let worker = try self.place.startWorker(concurrency: 1)
                let before = try self.place.marks().count
                try worker.wait(for: "a start") { try self.place.marks().count > before }
                try self.end(worker)
            }
            let last = try self.place.startWorker(concurrency: 4)
            try last.wait(for: "all") { try self.place.marks().count == 12 && self.place.left() == 0 }
            #expect(try self.place.dead().isEmpty)
            #expect(try self.place.marks().values.allSatisfy { $0 == 1 })
            try self.end(last)
        }

        @Test func retriesAndFollowUpsAreSignedByTheWorker() throws {
            let key = self.place.key
            try self.place.push(self.place.message("again", "tasks.retry_once", arguments: "[7]", key: key))
            let publish = #"["tasks.add", [20, 22]]"#
            try self.place.push(self.place.message("publisher", "demo.publish", arguments: publish, key: key))
            let worker = try self.place.startWorker()
            try worker.wait(for: "success") { try self.place.state("again") == "SUCCESS" }
            try worker.wait(for: "the follow-up") { try self.place.results().contains(42) }
            #expect(try self.place.dead().isEmpty)
            try self.end(worker)
        }

        @Test func nobodyVouchesForWhatUnsignedMessagesPublish() throws {
            let publish = #"["tasks.add", [20, 22]]"#
            try self.place.push(self.place.message("publisher", "demo.publish", arguments: publish, key: nil))
            let worker = try self.place.startWorker(isOpen: true)
            try worker.wait(for: "the publication's end") {
                try self.place.dead().keys.contains { $0.hasSuffix(" unsigned") }
            }
            #expect(try self.place.state("publisher") == "SUCCESS" && !self.place.results().contains(42))
            try self.end(worker)
        }

        @Test func retryThatCannotBeSignedIsAFailure() throws {
            try self.place.push(
                self.place.message("again", "tasks.retry_once", arguments: "[7]", key: self.place.key))
            let worker = try self.place.startWorker(signs: false)
            try worker.wait(for: "the end") { try self.place.state("again") == "FAILURE" }
            let text = try self.place.document("again")?["result"]?.description ?? ""
            #expect(text.contains("cannot be signed") && text.contains("once, on purpose"))
            #expect(try self.place.dead().isEmpty && self.place.left() == 0)
            try self.end(worker)
        }

        @Test func notDueMessagesAreCheckedAgainWhenTheyAre() throws {
            let due = Date().timeIntervalSince1970 + 1.5
            var envelope = try self.place.message("later", "tasks.mark", key: nil)
            envelope.headers["eta"] = RawJSON(WallTime(seconds: due)!.text)
            try SigningKey(file: self.place.key).sign(&envelope, now: due - 1.5)
            // Two that are the same in every byte would be one in the set where they wait.
            for copy in [envelope, envelope.returned(losses: 1)] { try self.place.push(copy) }
            let worker = try self.place.startWorker()
            try worker.wait(for: "the end") { try self.place.left() == 0 && self.place.marks()["later"] == 1 }
            #expect(Date().timeIntervalSince1970 >= due)
            try worker.wait(for: "the copy's end") { try self.place.dead() == ["later replayed": 1] }
            #expect(try self.place.marks() == ["later": 1])
            try self.end(worker)
        }

        /// An operator vouches for what is replayed; without a key the letter comes back as another.
        @Test func deadLettersAreReplayedWithAKey() throws {
            try self.place.push(self.place.message("letter", "tasks.mark", key: nil))
            let worker = try self.place.startWorker()
            try worker.wait(for: "the letter") { try self.place.dead() == ["letter unsigned": 1] }
            let replay = { (arguments: [String]) in
                let ended = try Ended(["dead", "replay", "--all"] + arguments, server: self.place.server)
                #expect(ended.status == 0 && ended.lines == ["1 of 1 replayed"])
            }
            try replay([])
            try worker.wait(for: "the letter again") {
                try self.place.left() == 0 && self.place.dead() == ["letter unsigned": 1]
            }
            try replay(["--sign-key", self.place.key])
            try worker.wait(for: "success") { try self.place.state("letter") == "SUCCESS" }
            #expect(try self.place.dead().isEmpty)
            try self.end(worker)
        }

        @Test func keysAreRotatedByAReload() throws {
            let worker = try self.place.startWorker()
            try worker.wait(forRecords: "broker.connected")
            let next = try self.place.pair("next_2")
            try self.place.push(self.place.message("early", "tasks.mark", key: next))
            try worker.wait(for: "a letter") { try self.place.dead() == ["early bad_signature": 1] }
            worker.signal(SIGHUP)
            try worker.wait(forRecords: "reload.done")
            try self.place.push(self.place.message("new", "tasks.mark", key: next))
            try self.place.push(self.place.message("old", "tasks.mark", key: self.place.key))
            try worker.wait(for: "both") { try self.place.marks().count == 2 }
            // A directory that cannot be used changes nothing.
            try self.place.scratch.write("nonsense", to: "keys/bad.pem")
            worker.signal(SIGHUP)
            try worker.wait(for: "the refusal") { worker.errorText.contains("bad.pem") }
            try self.place.push(self.place.message("still", "tasks.mark", key: next))
            try worker.wait(for: "the third") { try self.place.marks()["still"] == 1 }
            try self.end(worker)
        }

        @Test func secretsAreInNoProcessThatRunsTasks() throws {
            try self.place.push(self.place.message("signed", "tasks.add", arguments: "[1, 2]", key: self.place.key))
            let worker = try self.place.startWorker()
            try worker.wait(for: "success") { try self.place.state("signed") == "SUCCESS" }
            let base64 = String(try readTextFile(self.place.key).split(separator: " ")[1].dropLast())
            let processes = worker.templates + worker.children
            #expect(processes.count == 3)
            for pid in processes { #expect(try ProcessMemory.findings(of: [base64], in: pid) == []) }
            let raw = Array(Data(base64Encoded: base64)!)
            for pid in processes { #expect(try !ProcessMemory.holds(raw, in: pid)) }
            #expect(try ProcessMemory.holds(raw, in: worker.pid), "the master has what it checks with")
            try self.end(worker)
        }

        @Test func commandLineSigns() throws {
            let worker = try self.place.startWorker()
            let arguments = ["send", "tasks.add", "--args", "[2, 3]", "--sign-key", self.place.key, "--wait"]
            let ended = try Ended(
                arguments + ["--timeout", "20s", "--result-backend", self.place.server.url()],
                server: self.place.server)
            #expect(ended.status == 0 && ended.lines == ["5"])
            try self.end(worker)
        }

        @Test func workerThatCannotCheckDoesNotStart() throws {
            let config = try self.place.scratch.write("[worker]\nrequire_signature = true\n", to: "bad.toml")
            for arguments in [["--config", config], ["--verify-keys", "/no/such"], ["--signing-key", "/no/such"]] {
                let ended = try Ended(["worker"] + arguments, server: self.place.server)
                #expect(ended.status == 2)
                #expect(ended.errors.contains("needs 'verify_keys'") || ended.errors.contains("/no/such: "))
            }
        }

        // MARK: Python

        @Test(.enabled(if: PythonPeers.areInstalled, "needs scripts/python-peers"))
        func pythonProgramSignsWithASecret() throws { try self.expectPythonSigns(with: self.place.key) }

        @Test(.enabled(if: PythonPeers.canSign, "needs scripts/python-peers"))
        func pythonProgramSignsWithAPrivateKey() throws {
            try self.expectPythonSigns(with: try self.place.pair("python_3"))
        }

        private func expectPythonSigns(with key: String) throws {
            var connection = PeerConnection(self.place.server)
            connection.backend = self.place.server.url()
            connection.signingKey = key
            let client = try CeleryClient(connection)
            let worker = try self.place.startWorker()
            let id = try client.send("tasks.add", "é\u{1F600}", "\"x", options: ["expires": 60, "time_limit": 9.5])
            #expect(try client.result(id).value == "é\u{1F600}\"x")
            let steps = try client.sendChain(
                CeleryClient.signature("tasks.add", [1, 2]), CeleryClient.signature("tasks.retry_once"))
            #expect(try client.result(steps[1]).value == 3)
            #expect(try self.place.dead().isEmpty)
            try self.end(worker)
        }

        /// What Python itself has put on a list, one bit changed at a time in what it signed.
        @Test(.enabled(if: PythonPeers.canSign, "needs scripts/python-peers"))
        func bodiesThatCelerySignedRunAndChangedOnesDoNot() throws {
            try FileManager.default.createDirectory(
                atPath: self.place.scratch.file("certificates"), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755])
            try self.place.openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "private/client.key", "-out",
                "certificates/client.pem", "-subj", "/CN=client/O=tests", "-days", "2")
            var connection = PeerConnection(self.place.server)
            connection.backend = self.place.server.url()
            connection.settings = [
                "security_key": .string(self.place.scratch.file("private/client.key")),
                "security_certificate": .string(self.place.scratch.file("certificates/client.pem")),
                "security_cert_store": .string(self.place.scratch.file("certificates/*.pem")),
                "task_serializer": "auth", "accept_content": ["auth"], "result_serializer": "json",
                "result_accept_content": ["json"],
            ]
            let client = try CeleryClient(connection)
            let id = try client.send("tasks.mul", 6, 7)
            let text = try #require(try self.place.server.list("celery").first)
            let message = try Envelope(parsing: Array(text.utf8)[...])
            #expect(message.contentType == "application/data")
            let body = try #require(Base64.decode(BodyDecoder().payload(of: message)))
            var changed = body
            changed[changed.count - 80] ^= 1
            var forged = message
            let wrapped = Base64.encode(Base64.encode(changed[...])[...])
            forged.body = RawJSON(String(decoding: wrapped, as: UTF8.self))
            forged.headers["id"] = RawJSON("forged")
            try self.place.push(forged)
            try self.place.push(self.place.message("plain", "tasks.mul", arguments: "[2, 3]", key: nil))
            let further = """
                certificates = "\(self.place.scratch.file("certificates"))"
                require_certificate = true
                """
            let worker = try self.place.startWorker(further)
            #expect(try client.result(id).value == 42)
            try worker.wait(for: "all") { try self.place.left() == 0 }
            #expect(try self.place.dead() == ["forged bad_signature": 1, "plain bad_signature": 1])
            try self.end(worker)
        }
    }
}
