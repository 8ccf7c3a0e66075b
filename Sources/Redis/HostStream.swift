import Syscalls
import SystemPackage

/// A socket to a host: first its addresses are looked up, then they are tried one after the other until one takes the
/// connection.
final class HostStream: ByteStream {
    private let book: AddressBook
    /// The next one last; `nil` until the addresses are known.
    private var untried: [SocketAddress]?
    private var attempt: (address: SocketAddress, socket: SocketStream)?

    /// Begins. Throws when nothing can be looked up or every address is refused at once.
    init(_ book: AddressBook) throws {
        self.book = book
        try self.lookUp()
    }

    private func lookUp() throws {
        self.untried = try self.book.addresses()?.reversed()
        if self.untried != nil { try self.tryNext(after: Errno.addressNotAvailable) }
    }

    private func tryNext(after failure: any Error) throws {
        var failure = failure
        while let address = self.untried?.popLast() {
            self.book.tried(address)
            do {
                return self.attempt = (address, try SocketStream(to: address))
            } catch {
                failure = error
            }
        }
        throw failure
    }

    func finishConnecting() throws -> Bool {
        guard let (address, socket) = self.attempt else {
            try self.lookUp()
            return false
        }
        do {
            _ = try socket.finishConnecting()
            self.book.reached(address)
            return true
        } catch {
            try self.tryNext(after: error)
            return false
        }
    }

    var descriptor: CInt { self.attempt?.socket.descriptor ?? self.book.descriptor }

    var wanted: Readiness { self.attempt?.socket.wanted ?? .readable }

    var holdsInput: Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult {
        guard let socket = self.attempt?.socket else { return .wouldBlock }
        return try socket.read(into: buffer)
    }

    func write(_ queue: inout WriteQueue) throws -> WriteResult {
        guard let socket = self.attempt?.socket else { return .wouldBlock }
        return try socket.write(&queue)
    }
}
