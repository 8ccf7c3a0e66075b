import EngineSupport
import Foundation
import Glibc
import Syscalls
import Testing

extension FaultTests {
    /// What happens to workers: stopped, told to end, with nothing to do.
    @Suite struct WorkerTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        private func end(_ workers: [Program]) throws {
            for worker in workers { worker.signal(SIGTERM) }
            for worker in workers { #expect(try worker.finish() == 0, "\(worker.errorText)") }
        }

        @Test func outcomeOfAStalledWorkerChangesNothing() throws {
            let place = try Workplace(self.server)
            let stalled = try place.startWorker()
            try place.sendMarks(2, seconds: 1)
            try stalled.wait(for: "both tasks") { try place.marks().count == 2 }
            stalled.kill(stalled.pid, SIGSTOP)
            let other = try place.startWorker()
            try other.wait(for: "the end of all messages") { try place.isDrained() }
            let documents = try place.ids.map { try self.server.command("GET", "celery-task-meta-\($0)") }
            stalled.kill(stalled.pid, SIGCONT)
            try stalled.wait(forRecords: "delivery.stale", count: 2)
            #expect(try place.ids.map { try self.server.command("GET", "celery-task-meta-\($0)") } == documents)
            // It goes on with others.
            try self.end([other])
            try place.sendMarks(2)
            try stalled.wait(for: "the end of all messages") { try place.isDrained() }
            try self.end([stalled])
            try place.expectAccounted(again: 1)
        }

        /// Another worker finds it silent and is held up; it goes on; then the other one, with what it has found.
        @Test(.enabled(if: faultPointsExist)) func workerThatGoesOnKeepsWhatItHolds() throws {
            let place = try Workplace(self.server)
            let stalled = try place.startWorker()
            try place.sendMarks(2, seconds: 5)
            try stalled.wait(for: "both tasks") { try place.marks().count == 2 }
            let id = try self.server.command("SMEMBERS", "celeriac.workers").texts[0]
            let sign = { try self.server.command("EXISTS", "celeriac.worker.\(id)") == .integer(1) }
            stalled.kill(stalled.pid, SIGSTOP)
            let other = try place.startWorker(fault: "deadWorkerFound:1:stop")
            try other.wait(for: "its fault") { try Self.isStopped(other) }
            stalled.kill(stalled.pid, SIGCONT)
            try stalled.wait(for: "its sign of life") { try sign() }
            other.kill(other.pid, SIGCONT)
            try other.wait(for: "the end of all messages") { try place.isDrained() }
            try self.end([stalled, other])
            #expect(stalled.records("delivery.stale").isEmpty)
            try place.expectAccounted()
        }

        private static func isStopped(_ program: Program) throws -> Bool {
            try String(contentsOfFile: "/proc/\(program.pid)/stat", encoding: .utf8).contains(") T ")
        }

        /// Slow answers make it likely that a take, an early acknowledgement or an ending is under way.
        @Test func endAtAnyMomentLeavesNothingInHand() throws {
            let cases = try (0..<6).map { number in
                let place = try Workplace(self.server, prefix: "end-\(number).")
                try place.sendMixture()
                let proxy = try FaultProxy(to: self.server.port)
                proxy.faults.delay = .milliseconds(number * 15)
                return (place, proxy)
            }
            for round in 0..<2 {
                let workers = try cases.map { try $0.startWorker(url: self.server.url(through: $1)) }
                for worker in workers { try worker.wait(forRecords: "broker.connected") }
                workers[0].watch(seconds: Double.random(in: 0...0.15) * Double(round + 1))
                try self.end(workers)
                for (place, _) in cases {
                    #expect(try place.left().prefix(3).dropFirst() == [0, 0], "\(place.prefix)")
                    #expect(try self.server.command("SCARD", place.key("celeriac.workers")) == .integer(0))
                }
            }
            let workers = try cases.map { try $0.0.startWorker() }
            for (worker, (place, _)) in zip(workers, cases) {
                try worker.wait(for: "the end of all messages") { try place.isDrained() }
            }
            try self.end(workers)
            for (place, _) in cases { try place.expectAccounted() }
        }

        /// A renewal that was under way finds the acknowledged tags gone, at the worker's own word. With slow answers
        /// and many renewals that is the rule.
        @Test func earlyAcknowledgementIsNoLoss() throws {
            let place = try Workplace(self.server)
            let proxy = try FaultProxy(to: self.server.port)
            proxy.faults.delay = .milliseconds(20)
            try place.sendEarly(40)
            let worker = try place.startWorker(url: self.server.url(through: proxy), concurrency: 4, timeout: "60ms")
            try worker.wait(for: "all results") { try place.early.allSatisfy { try place.state($0) == "SUCCESS" } }
            try self.end([worker])
            try place.expectAccounted()
            #expect(worker.records("delivery.lost").isEmpty)
        }

        /// The master waits for events, whatever the state of things.
        @Test func nothingToDoCostsNothing() throws {
            let away = try RedisServer()
            let replica = try RedisServer()
            try replica.command("REPLICAOF", "127.0.0.1", "1")
            let places = [
                try Workplace(self.server, prefix: "idle."), try Workplace(self.server, prefix: "busy."),
                try Workplace(away, prefix: "away."), try Workplace(replica, prefix: "refusing."),
                try Workplace(self.server, prefix: "broken."),
            ]
            let workers = try places.map { try $0.startWorker() }
            for worker in workers where worker !== workers[3] { try worker.wait(forRecords: "broker.connected") }
            try places[1].sendMarks(20, seconds: 60)
            try workers[1].wait(for: "busy children") { try places[1].marks().count == 2 }
            try self.server.command("SET", "broken.celery", "no list")
            try workers[4].wait(forRecords: "broker.refused")
            try away.kill()
            try workers[3].wait(forRecords: "broker.lost")
            let before = workers.map { cpuNanoseconds(of: $0.pid) ?? 0 }
            workers[0].watch(seconds: 3)
            for (index, worker) in workers.enumerated() {
                let used = (cpuNanoseconds(of: worker.pid) ?? .max) - before[index]
                #expect(used < 150_000_000, "\(places[index].prefix) used \(used / 1_000_000) ms in 3 s")
                worker.watch(seconds: 0.01)
                let lines = worker.log.count
                #expect(lines < 12, "\(places[index].prefix): \(worker.errorText)")
            }
        }
    }
}
