import Glibc
import Syscalls

/// One connection through a ``FaultProxy``.
struct ProxyLink {
    private struct Piece {
        let due: UInt64
        var bytes: ArraySlice<UInt8>
    }

    /// One direction of it.
    private struct Flow {
        let from: CInt
        let to: CInt
        var waiting: [Piece] = []
        var isAtEnd = false
        var swallows = false
    }

    private var requests: Flow
    private var replies: Flow
    private var wasCut = false

    /// Owns both sockets.
    init(client: CInt, server: CInt) {
        for socket in [client, server] { try? setNonblocking(socket) }
        self.requests = Flow(from: client, to: server)
        self.replies = Flow(from: server, to: client)
    }

    var sockets: [CInt] { [self.requests.from, self.replies.from] }

    /// Whether it was cut, or one side has closed it and the other has all that was meant for it.
    var isOver: Bool {
        self.wasCut || [self.requests, self.replies].contains { $0.isAtEnd && $0.waiting.isEmpty }
    }

    func close() { for socket in self.sockets { Glibc.close(socket) } }

    /// Moves what is there, in both directions.
    mutating func pass(_ state: ProxyState) {
        let faults = state.value.faults
        let swallowed =
            Self.read(&self.requests, faults, swallows: faults.swallowsRequests)
            + Self.read(&self.replies, faults, swallows: faults.swallowsReplies)
        let sent = Self.write(&self.requests, faults, limit: nil)
        if faults.losesOneReply { self.loseOne(state) }
        state.change {
            $0.counts.swallowedBytes += swallowed
            $0.counts.requestBytes += sent
        }
        self.passReplies(state, faults)
    }

    private mutating func loseOne(_ state: ProxyState) {
        guard !self.replies.waiting.isEmpty else { return }
        self.replies.waiting.removeFirst()
        state.change { $0.faults.losesOneReply = false }
    }

    private mutating func passReplies(_ state: ProxyState, _ faults: ProxyFaults) {
        let limit = state.value.faults.cutAfter
        let sent = Self.write(&self.replies, faults, limit: limit)
        // The next byte is the first that does not come through.
        let cuts = limit.map { $0 == sent && !self.replies.waiting.isEmpty } ?? false
        self.wasCut = cuts
        state.change {
            $0.counts.replyBytes += sent
            $0.counts.cuts += cuts ? 1 : 0
            if let limit { $0.faults.cutAfter = cuts ? nil : limit - sent }
        }
    }

    /// Takes what is there, to be written when it is due; returns how many bytes it dropped instead.
    private static func read(_ flow: inout Flow, _ faults: ProxyFaults, swallows: Bool) -> Int {
        guard !flow.isAtEnd else { return 0 }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let result = buffer.withUnsafeMutableBytes { try? Syscalls.read(flow.from, into: $0) }
        guard case .bytes(let count)? = result else {
            flow.isAtEnd = result != .wouldBlock
            return 0
        }
        flow.swallows = flow.swallows || swallows
        guard !flow.swallows else { return count }
        let due = monotonicNanoseconds() + UInt64(faults.delay / .nanoseconds(1))
        flow.waiting.append(Piece(due: due, bytes: buffer[..<count]))
        return 0
    }

    /// Writes what is due, at most so many bytes; returns how many it wrote.
    private static func write(_ flow: inout Flow, _ faults: ProxyFaults, limit: Int?) -> Int {
        var sent = 0
        let now = monotonicNanoseconds()
        while let piece = flow.waiting.first, piece.due <= now {
            let most = min(limit.map { $0 - sent } ?? .max, faults.splits ? 1 : .max)
            let count = most > 0 ? Self.send(piece.bytes.prefix(most), to: flow.to) : 0
            guard count > 0 else { break }
            sent += count
            flow.waiting[0].bytes = piece.bytes.dropFirst(count)
            if flow.waiting[0].bytes.isEmpty { flow.waiting.removeFirst() }
        }
        return sent
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to socket: CInt) -> Int {
        bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }
}
