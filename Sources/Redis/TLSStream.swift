import Syscalls
import TLS

/// A stream with encryption on top of another.
final class TLSStream: ByteStream {
    /// Plain bytes that are encrypted in one go, so that little waits here that the connection could still take back.
    private static let share = 65_536

    private let line: any ByteStream
    private let session: TLSSession
    /// Told when one side does not accept the other.
    private let whenRefused: () -> Void
    private var lineIsConnected = false
    private var isOpen = false
    private var outgoing = WriteQueue()
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// Encrypts what goes over `line`, which need not be connected yet.
    init(over line: any ByteStream, _ session: TLSSession, whenRefused: @escaping () -> Void) {
        self.line = line
        self.session = session
        self.whenRefused = whenRefused
    }

    deinit {
        self.sayGoodbye()
        self.scratch.deallocate()
    }

    /// The other side learns that this is the end and not a cut; nobody waits for its answer.
    private func sayGoodbye() {
        guard self.isOpen else { return }
        self.session.close()
        _ = try? self.push()
    }

    var descriptor: CInt { self.line.descriptor }

    var wanted: Readiness {
        guard self.lineIsConnected else { return self.line.wanted }
        return self.outgoing.isEmpty ? .readable : [.readable, .writable]
    }

    private(set) var holdsInput = false

    func finishConnecting() throws -> Bool {
        if !self.lineIsConnected { self.lineIsConnected = try self.line.finishConnecting() }
        guard self.lineIsConnected else { return false }
        while try self.shakeHands() == .needsInput {
            _ = try self.push()
            switch try self.pull() {
            case .bytes: continue
            case .wouldBlock: return false
            case .endOfFile: throw TLSStreamError.endedInHandshake
            }
        }
        _ = try self.push()
        self.isOpen = true
        return true
    }

    private func shakeHands() throws -> TLSSession.Step {
        do {
            return try self.session.shakeHands()
        } catch {
            // The other side is told why.
            _ = try? self.push()
            self.whenRefused()
            throw error
        }
    }

    private func decrypt(into buffer: UnsafeMutableRawBufferPointer) throws -> TLSSession.Step {
        do {
            return try self.session.decrypt(into: buffer)
        } catch {
            // Since TLS 1.3 a server says only here that it does not accept our certificate.
            self.whenRefused()
            throw error
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult {
        self.holdsInput = false
        var filled = 0
        // One record at a time comes out of the session, and the socket does not tell of those that wait in it.
        while filled < buffer.count {
            switch try self.decrypt(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])) {
            case .done(let count): filled += count
            case .needsInput:
                let result = try self.pull()
                if case .bytes = result { continue }
                return filled > 0 ? .bytes(filled) : try self.answer(result)
            case .closed:
                self.holdsInput = filled > 0
                return filled > 0 ? .bytes(filled) : .endOfFile
            }
        }
        self.holdsInput = true
        return .bytes(filled)
    }

    /// What was read may have called for an answer of the session itself, such as new keys.
    private func answer(_ result: ReadResult) throws -> ReadResult {
        _ = try self.push()
        return result
    }

    func write(_ queue: inout WriteQueue) throws -> WriteResult {
        let earlier = try self.push()
        if !self.outgoing.isEmpty || queue.isEmpty { return earlier }
        let result = try queue.write(upTo: Self.share) { bytes in
            // A session that first has to read something goes on once that has come.
            guard case .done(let count) = try self.session.encrypt(bytes) else { return .wouldBlock }
            return .bytes(count)
        }
        return try self.push() == .noReader ? .noReader : result
    }

    /// Sends what the session has to say. Returns no bytes when all of it is gone.
    private func push() throws -> WriteResult {
        self.outgoing.add(self.session.takeOutgoing()[...])
        while !self.outgoing.isEmpty {
            let result = try self.line.write(&self.outgoing)
            guard case .bytes = result else { return result }
        }
        return .bytes(0)
    }

    private func pull() throws -> ReadResult {
        let result = try self.line.read(into: self.scratch)
        if case .bytes(let count) = result {
            self.session.receive(UnsafeRawBufferPointer(rebasing: self.scratch[..<count]))
        }
        return result
    }
}

/// Why an encrypted connection did not begin.
enum TLSStreamError: Error, CustomStringConvertible {
    case endedInHandshake

    var description: String { "the server closed the connection during the TLS handshake" }
}
