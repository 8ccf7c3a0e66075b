import Syscalls

/// A stream to a master: first sentinels are asked where it is, one after the other until one tells.
final class SentinelStream: ByteStream {
    typealias Asking = () throws -> SentinelQuestion

    /// The next one last.
    private var unasked: [Asking]
    private let server: (RedisURL.Place) -> Server
    private var question: SentinelQuestion?
    private var master: (any ByteStream)?

    /// Begins with the first sentinel. Throws when none can be asked.
    init(_ sentinels: [Asking], master server: @escaping (RedisURL.Place) -> Server) throws {
        self.unasked = sentinels.reversed()
        self.server = server
        try self.askNext(after: SentinelError(text: "there is no sentinel"))
    }

    private func askNext(after failure: any Error) throws {
        var failure = failure
        while let ask = self.unasked.popLast() {
            do {
                return self.question = try ask()
            } catch {
                failure = error
            }
        }
        throw failure
    }

    func finishConnecting() throws -> Bool {
        if let master { return try master.finishConnecting() }
        do {
            guard let place = try self.question?.proceed() else { return false }
            self.master = try self.server(place).open()
        } catch {
            try self.askNext(after: error)
        }
        return false
    }

    var descriptor: CInt { self.master?.descriptor ?? self.question?.descriptor ?? -1 }

    var wanted: Readiness { self.master?.wanted ?? self.question?.wanted ?? [] }

    var holdsInput: Bool { self.master?.holdsInput ?? false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult {
        try self.master?.read(into: buffer) ?? .wouldBlock
    }

    func write(_ queue: inout WriteQueue) throws -> WriteResult { try self.master?.write(&queue) ?? .wouldBlock }
}
