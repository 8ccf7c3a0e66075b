import Reactor
import Syscalls
import SystemPackage

/// Writes outcome lines to standard output without ever waiting for its reader.
final class OutputWriter: ReadinessHandler {
    /// `PIPE_BUF`: a pipe that is writable takes so many bytes at once, also in blocking mode. The mode is not ours
    /// to change, since the open file is shared with whoever started us.
    private static let atomicSize = 4_096

    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var written = 0
    private var reactor: Reactor?
    private var registration: Reactor.Registration?
    private var isRegularFile = false

    init(descriptor: CInt) { self.descriptor = descriptor }

    /// Bytes that wait for the reader.
    var pendingBytes: Int { self.buffer.count - self.written }

    func start(on reactor: Reactor) throws(Errno) {
        self.reactor = reactor
        do {
            self.registration = try reactor.register(self.descriptor, for: [], handler: self, token: 0)
        } catch Errno.notPermitted {
            self.isRegularFile = true
        }
    }

    func append(_ write: (inout [UInt8]) -> Void) { write(&self.buffer) }

    func descriptorReady(token: Int, readiness: Readiness) {
        if let registration { self.reactor?.update(registration, for: []) }
    }

    /// Writes what the reader takes now. Returns whether there still is a reader.
    func flush() throws(Errno) -> Bool {
        while self.pendingBytes > 0 {
            guard self.isRegularFile || isWritable(self.descriptor) else {
                if let registration { self.reactor?.update(registration, for: .writable) }
                break
            }
            let most = self.isRegularFile ? self.pendingBytes : min(Self.atomicSize, self.pendingBytes)
            guard try self.write(most) else { return false }
        }
        self.compact()
        return true
    }

    private func write(_ count: Int) throws(Errno) -> Bool {
        let range = self.written..<(self.written + count)
        let result = self.buffer.withUnsafeBytes { bytes in
            Result { () throws(Errno) in
                try Syscalls.write(UnsafeRawBufferPointer(rebasing: bytes[range]), to: self.descriptor)
            }
        }
        switch try result.get() {
        case .bytes(let count): self.written += count
        case .wouldBlock: break
        case .noReader: return false
        }
        return true
    }

    private func compact() {
        guard self.written > 0 else { return }
        if self.pendingBytes == 0 {
            self.buffer.removeAll(keepingCapacity: self.buffer.capacity <= 1 << 20)
            self.written = 0
        } else if self.written > 1 << 18 {
            self.buffer.removeSubrange(..<self.written)
            self.written = 0
        }
    }
}
