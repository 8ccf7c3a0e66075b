import EngineSupport
import JSON
import Syscalls
import Testing

extension AcceptanceTests {
    /// When and in which order tasks run.
    @Suite struct OrderTests {
        let installation: Installation

        init() throws { self.installation = try Installation() }

        /// From sending a task with these options to its result, in seconds.
        private func secondsTaken(_ options: JSONObject) throws -> Double {
            let start = monotonicNanoseconds()
            let id = try self.installation.client.send("tasks.add", 1, 2, options: options)
            #expect(try self.installation.client.result(id).value == 3)
            return Double(monotonicNanoseconds() - start) / 1e9
        }

        @Test func tasksRunWhenTheyAreDue() throws {
            let worker = try TestedWorker(self.installation.server)
            _ = try self.secondsTaken([:])
            for option in ["countdown", "eta"] {
                let seconds = try self.secondsTaken([option: 1])
                #expect(seconds > 0.95 && seconds < 2.5, "\(option): \(seconds) s")
            }
            #expect(worker.isRunning)
        }

        @Test func waitingForTheirTimeKeepsNoOthersWaiting() throws {
            let worker = try TestedWorker(self.installation.server, concurrency: 1)
            let calls = Installation.marks(20) { _ in 0 }
            let later = try self.installation.client.sendMany("tasks.mark", calls, options: ["countdown": 4])
            #expect(try self.secondsTaken([:]) < 3)
            #expect(try self.installation.marks().isEmpty)
            for id in later { #expect(try self.installation.client.result(id).state == "SUCCESS") }
            #expect(try self.installation.marks().count == 20)
            #expect(worker.isRunning)
        }

        @Test func urgentTasksComeFirst() throws {
            let client = self.installation.client
            for priority in [9, 6, 0, 3] {
                let call: JSONObject = ["key": .string("\(priority)"), "seconds": 0]
                _ = try client.send("tasks.mark", named: call, options: ["priority": .number(JSONNumber(priority))])
            }
            let worker = try TestedWorker(self.installation.server, concurrency: 1)
            try wait(for: "four marks") { try self.installation.server.length("marks") == 4 }
            #expect(try self.installation.server.list("marks") == ["0", "3", "6", "9"])
            #expect(worker.isRunning)
        }

        @Test func onlyItsOwnQueuesAreServed() throws {
            let client = self.installation.client
            let other = try client.send("tasks.add", 1, 2, options: ["queue": "other"])
            let video = try client.send("tasks.add", 3, 4, options: ["queue": "video"])
            let plain = try client.send("tasks.add", 5, 6)
            let worker = try TestedWorker(PeerConnection(self.installation.server), queues: "celery,video")
            #expect(try client.result(video).value == 7)
            #expect(try client.result(plain).value == 11)
            #expect(try client.state(other) == "PENDING")
            #expect(try self.installation.server.length("other") == 1)
            #expect(worker.isRunning)
        }
    }
}
