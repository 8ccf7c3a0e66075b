import JSON
import Redis

/// A batch of which not everything was sent.
public struct BatchError: Error, Sendable, CustomStringConvertible {
    /// Ids of the calls whose messages the broker has.
    public let sent: [String]
    /// Ids of those of which that is not known.
    public let uncertain: [String]
    /// Ids of those that were not sent.
    public let unsent: [String]
    /// What went wrong first.
    public let cause: ClientError

    public var description: String {
        "\(self.sent.count) sent, \(self.unsent.count) not, of \(self.uncertain.count) it is not known: \(self.cause)"
    }
}

extension Client {
    /// Messages and bytes in one command. The server does nothing else meanwhile.
    private static let mostMessages = 500
    private static let mostBytes = 256 << 10
    /// Commands on their way at the same time.
    private static let mostCommands = 16

    /// Sends many calls, many in one command and several commands at a time. Returns their handles in order.
    ///
    /// All calls are checked before the first is sent. They share one span, called after the first. Throws ``BatchError`` when some were not sent or may not have
    /// been, ``ClientError`` for a call that is not usable, and `CancellationError`.
    @discardableResult
    public func sendBatch(_ calls: [TaskCall]) async throws -> [ResultHandle<JSONValue>] {
        guard let first = calls.first else { return [] }
        let span = self.span(of: first)
        return try await span.end {
            var messages: [OutgoingMessage] = []
            messages.reserveCapacity(calls.count)
            for call in calls { messages.append(try self.message(call, span)) }
            try await self.sendMessages(messages)
            return messages.map { ResultHandle(id: $0.id, client: self) }
        }
    }

    /// Throws ``BatchError`` and what ``sendBatch(_:)`` throws beside it.
    func sendMessages(_ messages: [OutgoingMessage]) async throws {
        let pieces = Self.pieces(messages)
        try await self.send(self.declarations(Set(messages.map(\.queue))))
        var report = BatchReport()
        for start in stride(from: 0, to: pieces.count, by: Self.mostCommands) {
            try await self.send(Array(pieces[start..<min(start + Self.mostCommands, pieces.count)]), &report)
        }
        if let error = report.error { throw error }
    }

    private func send(_ declarations: [Command]) async throws {
        guard !declarations.isEmpty else { return }
        for answer in try await self.ask(declarations, isRepeatable: true) { _ = try answer.get() }
    }

    private func send(_ pieces: [[OutgoingMessage]], _ report: inout BatchReport) async throws {
        guard report.cause == nil else { return report.add(pieces, as: .unreachable) }
        for repeatable in [false, true] {
            let some = pieces.filter { $0[0].isRepeatable == repeatable }
            guard !some.isEmpty else { continue }
            let answers = try await self.ask(some.map { Self.push($0) }, isRepeatable: repeatable)
            for (piece, answer) in zip(some, answers) { report.add(piece, answer) }
        }
    }

    /// Messages that go out together: of one list, as many as one command may have. Those of one list keep their order.
    private static func pieces(_ messages: [OutgoingMessage]) -> [[OutgoingMessage]] {
        var pieces: [[OutgoingMessage]] = []
        var openPieces: [String: (index: Int, bytes: Int)] = [:]
        for message in messages {
            let key = "\(message.isRepeatable)\(message.list)"
            if let (index, bytes) = openPieces[key], bytes + message.bytes.count <= self.mostBytes,
                pieces[index].count < self.mostMessages
            {
                pieces[index].append(message)
                openPieces[key] = (index, bytes + message.bytes.count)
            } else {
                openPieces[key] = (pieces.count, message.bytes.count)
                pieces.append([message])
            }
        }
        return pieces
    }
}

/// What has become of a batch so far.
private struct BatchReport {
    private var sent: [String] = []
    private var uncertain: [String] = []
    private var unsent: [String] = []
    private(set) var cause: ClientError?

    mutating func add(_ piece: [OutgoingMessage], _ answer: Question.Answer) {
        switch answer {
        case .success: self.sent += piece.map(\.id)
        case .failure(let error):
            self.cause = self.cause ?? error
            self.add([piece], as: error.code)
        }
    }

    mutating func add(_ pieces: [[OutgoingMessage]], as code: ClientError.Code) {
        let ids = pieces.flatMap { $0.map(\.id) }
        if code == .uncertain { self.uncertain += ids } else { self.unsent += ids }
    }

    var error: BatchError? {
        self.cause.map { BatchError(sent: self.sent, uncertain: self.uncertain, unsent: self.unsent, cause: $0) }
    }
}
