import EngineSupport
import Foundation
import Glibc
import JSON
import Syscalls
import Testing

extension AcceptanceTests {
    /// Random workflows, with tasks that fail, die, expire or are unknown, while children and workers are killed at random.
    ///
    /// `CELERIAC_GRAPHS=1000` has more of them than the few of an ordinary run, `CELERIAC_GRAPHS_SEED=7` others.
    @Suite(.enabled(if: !TestedWorker.isCelery, "a Celery worker leaves chords open")) struct GraphTests {
        private static let count = Environment.current["CELERIAC_GRAPHS"].flatMap { Int($0) } ?? 40
        private static let seed = Environment.current["CELERIAC_GRAPHS_SEED"].flatMap { Int($0) } ?? 1

        private static let silence = """
            [worker]
            worker_timeout = "2s"

            """

        private func graphs(_ server: RedisServer, _ environment: [String: String] = [:]) throws -> Program {
            var connection = PeerConnection(server)
            connection.further = environment.merging(["GRAPHS_PATIENCE": "\(60 + Self.count)"]) { own, _ in own }
            return try PythonPeers.start(
                [PythonPeers.program("graphs.py"), "\(Self.count)", "\(Self.seed)"], connection)
        }

        /// Waits for the end, with something to do meanwhile.
        private func judge(_ program: Program, _ meanwhile: () throws -> Void = {}) throws {
            while program.exit == nil {
                program.watch(seconds: 0.1)
                try meanwhile()
            }
            let verdict = try JSONValue(parsing: Array(#require(program.outputLines.last).utf8)[...])
            #expect(verdict["wrong"] == [], "\(verdict) \(program.errorText.suffix(2_000))")
        }

        @Test func everyGraphEndsOnceWhateverIsKilled() throws {
            let server = try RedisServer()
            let connection = PeerConnection(server)
            var workers = try (0..<2).map { _ in try TestedWorker(connection, configuration: Self.silence) }
            let graphs = try self.graphs(server)
            var random = SeededRandom(UInt64(Self.seed))
            try self.judge(graphs) {
                usleep(UInt32(random.next() % 400_000))
                let index = Int(random.next() % 2)
                guard random.next() % 4 == 0 else { return workers[index].killSomeChild(random.next()) }
                try workers[index].kill()
                workers[index] = try TestedWorker(connection, configuration: Self.silence)
            }
        }

        @Test func workersOfBothKindsShareGraphs() throws {
            let server = try RedisServer()
            let connection = PeerConnection(server)
            let ours = try TestedWorker(connection)
            let celery = try CeleryWorker(connection)
            // What fails in the hands of a Celery worker may leave chords open.
            try self.judge(self.graphs(server, ["GRAPHS_FAULTS": "", "GRAPHS_MIXED": "1"]))
            #expect(ours.isRunning)
            #expect(celery.program.exit == nil)
            try celery.program.wait(for: "a task of the Celery worker's") {
                celery.program.errorText.contains("succeeded")
            }
            try celery.kill()
        }
    }
}

/// Numbers that are the same in every run.
private struct SeededRandom {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return self.state >> 33
    }
}

extension TestedWorker {
    /// Ends one of its children with SIGKILL, if it has any now.
    func killSomeChild(_ choice: UInt64) {
        let children = self.program.family.filter { Self.name(of: $0) == "celeriac-child\n" }
        if !children.isEmpty { self.program.kill(children[Int(choice) % children.count], SIGKILL) }
    }

    private static func name(of pid: ProcessID) -> String {
        (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) ?? ""
    }
}
