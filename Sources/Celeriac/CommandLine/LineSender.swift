import CeleriacClient
import Celery
import FoundationEssentials
import JSON
import Supervision
import Syscalls
import TaskLines

/// Sends the tasks of lines in batches, and prints their ids.
final class LineSender {
    /// Tasks and bytes that are read before they are sent.
    private static let mostCalls = 5_000
    private static let mostBytes = 4 << 20
    private static let progressInterval: UInt64 = 200_000_000

    private let client: Client
    private let options: SendOptions
    private let json: Bool
    private let showsProgress = isTerminal(2)
    private var calls: [TaskCall] = []
    private var bytes = 0
    private var sent = 0
    private var failed = 0
    private var nextProgress: UInt64 = 0

    init(client: Client, options: SendOptions, json: Bool) {
        self.client = client
        self.options = options
        self.json = json
    }

    /// Sends everything up to the end of the input. Returns how many lines are no tasks; each is told of.
    func send(from descriptor: CInt) throws -> Int {
        defer { self.clearProgress() }
        var splitter = LineSplitter()
        while let chunk = try Self.read(descriptor) {
            splitter.feed(chunk)
            while let line = splitter.next() { try self.add(line) }
        }
        if let line = splitter.finish() { try self.add(line) }
        try self.sendBatch()
        return self.failed
    }

    private static func read(_ descriptor: CInt) throws -> [UInt8]? {
        while true {
            var result = ReadResult.wouldBlock
            let bytes = try [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                result = try Syscalls.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
                if case .bytes(let read) = result { count = read }
            }
            switch result {
            case .bytes: return bytes
            case .endOfFile: return nil
            case .wouldBlock: _ = waitReadable([descriptor])
            }
        }
    }

    private func add(_ line: LineSplitter.Line) throws {
        do {
            guard let bytes = line.bytes else { throw UsageError(description: "the line is too long") }
            guard let task = try TaskLine(parsing: bytes) else { return }
            self.calls.append(try TaskCall(task, self.options))
            self.bytes += bytes.count
        } catch {
            self.failed += 1
            self.clearProgress()
            printError("line \(line.number): \(error)")
        }
        if self.calls.count >= Self.mostCalls || self.bytes >= Self.mostBytes { try self.sendBatch() }
    }

    private func sendBatch() throws {
        let calls = self.calls
        (self.calls, self.bytes) = ([], 0)
        guard !calls.isEmpty else { return }
        do {
            let client = self.client
            let ids = try waiting { try await client.sendBatch(calls).map(\.id) }
            self.report(ids)
        } catch let error as BatchError {
            self.report(error.sent)
            throw error
        }
    }

    private func report(_ ids: [String]) {
        for id in ids { print(self.json ? "\(JSONValue.object(["id": .string(id)]))" : id) }
        self.sent += ids.count
        let now = monotonicNanoseconds()
        guard self.showsProgress, now >= self.nextProgress else { return }
        self.nextProgress = now + Self.progressInterval
        self.write("\r\(self.sent) sent\(self.failed > 0 ? " · \(self.failed) failed" : "")\u{1b}[K")
    }

    private func clearProgress() { if self.showsProgress { self.write("\r\u{1b}[K") } }

    private func write(_ text: String) { Array(text.utf8).withUnsafeBytes { _ = try? Syscalls.write($0, to: 2) } }
}

extension TaskCall {
    /// The call that a line asks for. What the line does not say, `options` does. Throws ``UsageError`` for limits that
    /// Celery's messages have no place for.
    init(_ line: TaskLine, _ defaults: SendOptions) throws {
        var options = defaults
        options.id = line.id?.string ?? defaults.id
        options.priority = line.priority == 0 ? defaults.priority : line.priority
        options.retries = line.retries
        if let countdown = line.countdown { (options.countdown, options.eta) = (countdown, nil) }
        if let eta = line.eta { (options.countdown, options.eta) = (nil, Date(timeIntervalSince1970: eta)) }
        switch line.expires {
        case .at(let seconds): options.expires = .at(Date(timeIntervalSince1970: seconds))
        case .after(let duration): options.expires = .after(duration)
        case nil: break
        }
        try options.setLimits(line.limits)
        self.init(
            line.task.string, arguments: try CeleryValue(parsing: line.args).asArray ?? [],
            keywords: try CeleryValue(parsing: line.kwargs).asObject ?? [:], options: options)
    }
}

extension SendOptions {
    fileprivate mutating func setLimits(_ limits: LimitOverrides) throws(UsageError) {
        var others = limits
        (others.hardTime, others.softTime) = (.inherited, .inherited)
        if case .limited(let time) = limits.hardTime { self.timeLimit = time }
        if case .limited(let time) = limits.softTime { self.softTimeLimit = time }
        guard others == LimitOverrides(), limits.hardTime != .unlimited, limits.softTime != .unlimited else {
            throw UsageError(description: "a message can set hard_time and soft_time, and no other limits")
        }
    }
}
