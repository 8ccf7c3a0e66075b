import Broker
import CeleriacTesting
import Glibc
import InProcess
import JSON
import Supervision
import Testing

/// The queue of `celeriac run` keeps what brokers promise, and the suite finds those that do not.
@Suite struct InProcessPromiseTests {
    @Test(arguments: BrokerPromise.allCases) func theInProcessQueueKeeps(promise: BrokerPromise) throws {
        try promise.check(try InProcessBench())
    }

    @Test(arguments: BrokerPromise.allCases) func hesitationAndDelayBreakNone(promise: BrokerPromise) throws {
        let bench = try InProcessBench { FaultyBroker($0, seed: 7, faults: [.hesitates: 40, .delays: 60]) }
        try promise.check(bench)
        let counts = (bench.broker as! FaultyBroker).counts
        #expect(counts[.hesitates, default: 0] > 0)
    }

    @Test(arguments: [
        (FaultyBroker.Fault.repeats, BrokerPromise.completesForGood), (.drops, .givesBackToTheFront),
        (.forgetsRetries, .retriesAfterTheWait), (.refusesStarts, .handsOutEachOnce), (.isRestless, .rests),
    ])
    func aBrokenPromiseIsFound(fault: FaultyBroker.Fault, promise: BrokerPromise) throws {
        let bench = try InProcessBench { FaultyBroker($0, seed: 7, faults: [fault: 100]) }
        let found = #expect(throws: BrokenPromise.self) { try promise.check(bench) }
        #expect(found?.promise == promise)
    }

    @Test func theSameSeedMakesTheSameFaults() throws {
        let counts = try (0..<2).map { _ in
            let bench = try InProcessBench { FaultyBroker($0, seed: 3, faults: [.delays: 50]) }
            try BrokerPromise.neverReusesATag.check(bench)
            return (bench.broker as! FaultyBroker).counts
        }
        #expect(counts[0] == counts[1])
        #expect(counts[0][.delays, default: 0] > 0)
    }
}

/// Task lines come through a pipe, outcomes go into a file.
private final class InProcessBench: BrokerBench {
    let broker: any Broker
    private let (reader, writer): (CInt, CInt)
    private let output: CInt

    init(_ wrap: (any Broker) -> any Broker = { $0 }) throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (self.reader, self.writer) = (ends[0], ends[1])
        var name = Array("/tmp/celeriac-promises-XXXXXX".utf8CString)
        self.output = mkstemp(&name)
        unlink(name)
        try #require(self.output >= 0)
        let queue = InProcessQueue(
            inputs: [RunInput(name: "-", descriptor: ends[0])], output: self.output, journal: nil,
            directory: TaskDirectory(names: ["zero", "one"]), pools: 2, poolOfTask: { $0 },
            limits: { _ in TaskLimits() }, heldBytes: ByteCount(bytes: 1 << 20), seed: 1)
        self.broker = wrap(queue)
    }

    deinit { for descriptor in [self.reader, self.writer, self.output] { close(descriptor) } }

    func send(_ id: String, task: Int) throws {
        let line = Array(#"{"id": "\#(id)", "task": "\#(["zero", "one"][task])", "args": []}"#.utf8 + [10])
        try #require(write(self.writer, line, line.count) == line.count)
    }

    func outcomes() throws -> [String: Int] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = pread(self.output, &bytes, bytes.count, 0)
        try #require(count >= 0)
        return try bytes[..<count].split(separator: 10).reduce(into: [:]) { (counts: inout [String: Int], line) in
            guard case .string(let id) = try JSONValue(parsing: line)["id"] else { return }
            counts[id, default: 0] += 1
        }
    }
}
