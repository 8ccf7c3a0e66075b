import EngineSupport
import Glibc
import Syscalls
import Testing

extension FaultTests {
    /// What networks do to the worker's connections.
    @Suite struct NetworkTests {
        let server: RedisServer

        init() throws { self.server = try RedisServer() }

        /// A worker behind a proxy of its own.
        private final class Route {
            let place: Workplace
            let proxy: FaultProxy
            let worker: Program
            /// Bytes of answers after which the connection is cut in this round.
            var limit: Int
            private var wasCut = false

            init(_ server: RedisServer, _ prefix: String = "", limit: Int = 0) throws {
                self.place = try Workplace(server, prefix: prefix)
                self.proxy = try FaultProxy(to: server.port)
                self.worker = try self.place.startWorker(url: server.url(through: self.proxy))
                self.limit = limit
            }

            /// Cuts what is open, and the next connection or one after it at the limit, while there is a task to do.
            func begin() throws {
                self.proxy.faults.cutAfter = self.limit
                self.proxy.cutAll()
                try self.place.sendMarks(1)
            }

            /// Waits for the round's task. Returns whether there was a cut.
            func end() throws -> Bool {
                let id = self.place.ids.last!
                try self.worker.wait(for: "\(id), cut after \(self.limit) bytes", within: 15) {
                    try self.place.state(id) != nil
                }
                defer { self.proxy.faults.cutAfter = nil }
                return self.proxy.faults.cutAfter == nil
            }

            func finish(_ comment: String = "") throws {
                self.worker.signal(SIGTERM)
                #expect(try self.worker.finish() == 0, "\(self.worker.errorText)")
                try self.place.expectAccounted(comment)
            }
        }

        /// Login, scripts, epoch, take, settlement: the answer may end behind each byte. A worker that lives runs nothing
        /// twice. `CELERIAC_EVERY_BYTE=1` leaves no byte out.
        @Test func connectionIsCutBehindAnyByte() throws {
            let routes = try (0..<8).map { try Route(self.server, "cut-\($0).", limit: $0) }
            let stride = Environment.current["CELERIAC_EVERY_BYTE"] == nil ? 184 : 8
            var open = routes
            while !open.isEmpty {
                for route in open { try route.begin() }
                var next: [Route] = []
                for route in open where try route.end() {
                    route.limit += stride
                    next.append(route)
                }
                open = next
            }
            for route in routes {
                #expect(route.limit > 1_000, "the answers of a new connection are longer")
                try route.finish()
            }
        }

        @Test func answersMayComeByteByByte() throws {
            let route = try Route(self.server)
            route.proxy.faults.splits = true
            try route.place.sendMarks(10)
            try route.worker.wait(for: "the end of all messages") { try route.place.isDrained() }
            try route.finish()
        }

        /// Every answer after a lost one is another's. It is told by its form, and the connection given up.
        @Test func lostAnswerDoesNotShiftTheOthers() throws {
            let route = try Route(self.server)
            try route.worker.wait(forRecords: "broker.connected")
            for _ in 0..<3 {
                route.proxy.faults.losesOneReply = true
                try route.place.sendMarks(20)
                try route.worker.wait(for: "the end of all messages") { try route.place.isDrained() }
            }
            try route.finish()
        }

        @Test func killedClientsComeBack() throws {
            let route = try Route(self.server)
            for _ in 0..<10 {
                try route.place.sendMarks(2)
                let clients = try self.server.command("CLIENT", "LIST", "TYPE", "normal").text ?? ""
                let ids = clients.split(separator: "\n").filter { $0.contains("name=celeriac") }
                    .compactMap { $0.split(separator: " ").first?.dropFirst(3) }
                if let id = ids.randomElement() { try self.server.command("CLIENT", "KILL", "ID", String(id)) }
                let last = route.place.ids.last!
                try route.worker.wait(for: last, within: 5) { try route.place.state(last) != nil }
            }
            try route.finish()
        }

        /// A take whose answer is cut off is asked about; a worker that dies over it has lost nothing.
        @Test(.enabled(if: faultPointsExist)) func masterDiesWhileItAdopts() throws {
            let place = try Workplace(self.server)
            let proxy = try FaultProxy(to: self.server.port)
            let url = self.server.url(through: proxy)
            let worker = try place.startWorker(fault: "\(FaultPoint.adopted):1:kill", url: url)
            try worker.wait(forRecords: "broker.connected")
            // The worker watches, which its answers show: nothing comes any more until a message does.
            worker.watch(seconds: 0.3)
            proxy.faults.cutAfter = 300
            try place.sendMarks(2)
            #expect(try worker.finish() == -SIGKILL)
            #expect(try place.left()[1] > 0)
            let successor = try place.startWorker()
            try successor.wait(for: "the end of all messages") { try place.isDrained() }
            successor.signal(SIGTERM)
            #expect(try successor.finish() == 0)
            try place.expectAccounted()
        }

        /// Two silences at the same time: a network that swallows answers, and a server that stands still. Both are
        /// noticed by the deadline of an answer, and what was carried out late is found.
        @Test func silenceEndsTheConnectionAndNothingElse() throws {
            let still = try RedisServer()
            let route = try Route(self.server)
            let place = try Workplace(still)
            let worker = try place.startWorker()
            try worker.wait(forRecords: "broker.connected")
            try route.worker.wait(forRecords: "broker.connected")
            try place.sendMarks(30, seconds: 0.1)
            try route.place.sendMarks(30, seconds: 0.1)
            try worker.wait(for: "the first mark") { try !place.marks().isEmpty }
            route.proxy.faults.swallowsReplies = true
            still.pause()
            worker.watch(seconds: 12)
            route.proxy.faults.swallowsReplies = false
            still.resume()
            let end = monotonicNanoseconds()
            for (worker, place) in [(worker, place), (route.worker, route.place)] {
                #expect(!worker.records("broker.lost").isEmpty || place === route.place)
                let done = try place.marks().count
                try worker.wait(for: "the next mark", within: 6) { try place.marks().count > done }
                #expect(monotonicNanoseconds() - end < 6_000_000_000)
                try worker.wait(for: "the end of all messages", within: 30) { try place.isDrained() }
            }
            worker.signal(SIGTERM)
            #expect(try worker.finish() == 0)
            try place.expectAccounted("still server")
            try route.finish("swallowed answers")
        }
    }
}
