import EngineSupport
import Glibc
import Syscalls
import Testing

extension FaultTests {
    /// The master is killed at each step of a message's life, and another one goes on. In debug builds only.
    @Suite(.enabled(if: faultPointsExist, "fault points are compiled into debug builds"))
    struct KillTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        /// One message mixture and the workers that follow one another on it.
        private final class Case {
            let place: Workplace
            let step: FaultPoint
            let fault: String
            var worker: Program
            var kills = 0

            init(_ server: RedisServer, _ step: FaultPoint, _ occurrence: Int) throws {
                self.step = step
                self.fault = "\(step):\(occurrence):kill"
                self.place = try Workplace(server, prefix: "\(step)-\(occurrence).")
                try self.place.sendMixture()
                // To recover there must be somebody dead.
                let first = step.isOfRecovery ? "settleSent:3:kill" : self.fault
                self.worker = try self.place.startWorker(fault: first)
                if step == .putAside { try self.sendForLater() }
            }

            /// What was to be put aside may be due when the worker comes up.
            private func sendForLater() throws {
                try self.worker.wait(for: "the worker") {
                    self.worker.exit != nil || !self.worker.records("broker.connected").isEmpty
                }
                try self.place.sendMarks(1, countdown: 5, first: true)
            }

            /// Waits until the worker is dead or all is done.
            func wait() throws {
                try self.worker.wait(for: "\(self.fault) or the end of all messages", within: 40) {
                    try self.worker.exit != nil || self.place.isDrained()
                }
                guard self.worker.exit != nil else { return }
                #expect(try self.worker.finish(within: 5) == -SIGKILL, "\(self.fault): \(self.worker.errorText)")
                self.kills += 1
            }

            /// Another worker for a dead one. Returns whether there is one.
            func replace() throws -> Bool {
                guard self.worker.exit != nil else { return false }
                let meetsFault = self.step.isOfRecovery && self.kills == 1
                self.worker = try self.place.startWorker(fault: meetsFault ? self.fault : nil)
                return true
            }

            func judge() throws {
                self.worker.signal(SIGTERM)
                let status = try self.worker.finish(within: 20)
                // A worker that has nothing to do reaches some steps as well.
                if status == -SIGKILL { self.kills += 1 }
                #expect(status == 0 || status == -SIGKILL, "\(self.fault): \(self.worker.errorText)")
                try self.place.expectAccounted(
                    again: self.kills, lost: self.kills > 0, self.fault + self.worker.errorText)
            }
        }

        /// Each step at the same time, each in a corner of its own. The last number is beyond what any run reaches.
        @Test(arguments: [1, 4, 1_000]) func masterDiesAtEachStep(occurrence: Int) throws {
            let cases = try FaultPoint.allCases.filter { ![.adopted, .childReaped].contains($0) }.map {
                try Case(self.server, $0, occurrence)
            }
            var pending = cases
            while !pending.isEmpty {
                for one in pending { try one.wait() }
                pending = try pending.filter { try $0.replace() }
            }
            for one in cases { try one.judge() }
            let reached = cases.filter { $0.kills > ($0.step.isOfRecovery ? 1 : 0) }.map(\.step)
            if occurrence == 1 { #expect(reached == cases.map(\.step)) }
            if occurrence == 1_000 { #expect(reached.isEmpty) }
        }

        /// A message that ends every master that takes it is handed out so often and no more.
        @Test func messageThatKillsMastersDies() throws {
            let place = try Workplace(self.server)
            try place.push(RawMessage("poison", "tasks.identity").text)
            for _ in 0..<3 {
                let worker = try place.startWorker(fault: "assigned:1:kill", timeout: "500ms", maxDeliveries: 3)
                #expect(try worker.finish() == -SIGKILL)
            }
            let last = try place.startWorker(fault: "assigned:1:kill", timeout: "500ms", maxDeliveries: 3)
            try last.wait(forRecords: "message.dead")
            try last.wait(for: "the end of all messages") { try place.isDrained() }
            last.signal(SIGTERM)
            #expect(try last.finish() == 0)
            #expect(try place.state("poison") == "FAILURE")
            let letters = try self.server.command("HVALS", "celeriac.dead").texts
            #expect(letters.count == 1 && letters[0].contains(#""reason":"too_many_deliveries""#), "\(letters)")
            let keys = try self.server.command("KEYS", "celeriac.deliveries.*")
            #expect(keys == .list([]), "it is over, and so is the count")
        }
    }
}

extension FaultPoint {
    /// Whether it is reached by a worker that follows a dead one.
    fileprivate var isOfRecovery: Bool {
        switch self {
        case .deadWorkerFound, .recoveryQueued, .recoveryAnswered: true
        default: false
        }
    }
}
