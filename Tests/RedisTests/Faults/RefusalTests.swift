import EngineSupport
import Foundation
import Glibc
import Syscalls
import Testing

extension FaultTests {
    /// Servers that answer, but do not do what they are asked: the worker waits, loses nothing and goes on.
    @Suite struct RefusalTests {
        private func begin(_ server: RedisServer) throws -> (Workplace, Program) {
            let place = try Workplace(server)
            let worker = try place.startWorker()
            try place.sendMarks(20, seconds: 0.1)
            try worker.wait(for: "the first marks") { try place.marks().count >= 2 }
            return (place, worker)
        }

        private func finish(_ place: Workplace, _ worker: Program) throws {
            try worker.wait(for: "the end of all messages", within: 30) { try place.isDrained() }
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0, "\(worker.errorText)")
            try place.expectAccounted()
        }

        private func waitForTrouble(_ code: String, _ worker: Program) throws {
            try worker.wait(for: "\(code) in the log", within: 20) {
                (worker.records("broker.lost") + worker.records("broker.refused")).contains {
                    $0["reason"]?.text?.contains(code) == true
                }
            }
            let lines = worker.records("broker.lost").count + worker.records("broker.refused").count
            #expect(lines < 12, "each reason is told once: \(worker.errorText)")
        }

        @Test func forgottenScriptsAreLoadedAgain() throws {
            let server = try RedisServer()
            let (place, worker) = try self.begin(server)
            for count in [3, 8, 14] {
                try worker.wait(for: "\(count) marks") { try place.marks().count >= count }
                try server.command("SCRIPT", "FLUSH")
            }
            try self.finish(place, worker)
        }

        /// A worker that refused it first has died before it could say so.
        @Test func refusedMessageThatWasHandedOutBeforeLeavesNoCount() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            let worker = try place.startWorker()
            let text = RawMessage("stranger", "tasks.unknown").text.replacing(
                "\"priority\": 0", with: "\"redelivered\": true, \"priority\": 0")
            try server.command("LPUSH", "celery", text)
            try worker.wait(for: "its dead letter") { !worker.records("message.dead").isEmpty }
            try worker.wait(for: "its end") { try server.unacknowledged() == [0, 0] }
            #expect(try server.command("EXISTS", "celeriac.deliveries.stranger").integer == 0)
        }

        /// Somebody's script runs and runs.
        @Test func busyServerIsWaitedFor() throws {
            let server = try RedisServer(["lua-time-limit": "50"])
            let (place, worker) = try self.begin(server)
            let other = try server.connect()
            try other.send(Array("*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n".utf8))
            try self.waitForTrouble("BUSY", worker)
            try server.command("SCRIPT", "KILL")
            try self.finish(place, worker)
        }

        @Test func serverThatBecomesAReplicaIsWaitedFor() throws {
            let server = try RedisServer()
            let (place, worker) = try self.begin(server)
            try server.command("REPLICAOF", "127.0.0.1", "1")
            try self.waitForTrouble("READONLY", worker)
            try server.command("REPLICAOF", "NO", "ONE")
            try self.finish(place, worker)
        }

        /// The server says so and closes the connection.
        @Test func serverFullOfClientsIsWaitedFor() throws {
            let server = try RedisServer()
            let place = try Workplace(server)
            try place.sendMarks(4)
            try server.command("CONFIG", "SET", "maxclients", "1")
            let worker = try place.startWorker()
            try self.waitForTrouble("the server closed the connection", worker)
            try server.command("CONFIG", "SET", "maxclients", "1000")
            try self.finish(place, worker)
        }

        /// A snapshot cannot be written, and the server takes no writes until one can.
        @Test func serverWithAFullDiskIsWaitedFor() throws {
            let server = try RedisServer(["save": "3600 1000000", "dbfilename": "snapshot"])
            let reply = try server.command("CONFIG", "GET", "dir")
            let snapshot = try #require(reply.texts.last) + "/snapshot"
            // A directory stands where the file is to be.
            try FileManager.default.createDirectory(atPath: snapshot + "/in-the-way", withIntermediateDirectories: true)
            let (place, worker) = try self.begin(server)
            try self.save(server, until: "err", worker)
            try self.waitForTrouble("MISCONF", worker)
            try FileManager.default.removeItem(atPath: snapshot)
            try self.save(server, until: "ok", worker)
            try self.finish(place, worker)
        }

        private func save(_ server: RedisServer, until status: String, _ worker: Program) throws {
            try server.command("BGSAVE")
            try worker.wait(for: "a snapshot: \(status)") {
                let text = try server.command("INFO", "persistence").text ?? ""
                return text.contains("rdb_bgsave_in_progress:0") && text.contains("rdb_last_bgsave_status:\(status)")
            }
        }
    }
}
