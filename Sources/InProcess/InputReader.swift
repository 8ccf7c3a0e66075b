import Reactor
import Syscalls
import SystemPackage
import TaskLines

/// Reads the inputs of `celeriac run` one after the other, as fast as its owner lets it.
final class InputReader: ReadinessHandler {
    /// What one read brought.
    enum Chunk {
        /// Lines of the input with this index, the last one perhaps still open.
        case bytes([UInt8], input: Int)
        /// The input with this index has ended.
        case end(input: Int)
        /// Nothing now.
        case nothing
    }

    private static let chunkSize = 65_536

    private let inputs: [RunInput]
    private var current = 0
    private var loop: (any EventLoop)?
    private var registration: LoopRegistration?
    /// Whether a read would not wait, as far as we know. A regular file is always ready.
    private var isReady = true

    init(_ inputs: [RunInput]) { self.inputs = inputs }

    var isAtEnd: Bool { self.current == self.inputs.count }

    /// Whether there is something to read right now.
    var canRead: Bool { !self.isAtEnd && self.isReady }

    func start(on loop: any EventLoop) throws(Errno) {
        self.loop = loop
        try self.watchCurrent()
    }

    private func watchCurrent() throws(Errno) {
        self.isReady = true
        guard !self.isAtEnd, let loop = self.loop else { return }
        do {
            self.registration = try loop.register(
                self.inputs[self.current].descriptor, for: [], handler: self, token: 0)
            self.isReady = isReadable(self.inputs[self.current].descriptor)
        } catch Errno.notPermitted {
            self.registration = nil
        }
    }

    func descriptorReady(token: Int, readiness: Readiness) {
        self.isReady = true
        if let registration { self.loop?.update(registration, for: []) }
        if !readiness.isDisjoint(with: .hungUp) { self.stopWatching() }
    }

    /// A descriptor whose writer is gone is reported again and again, but is always ready to be read to its end.
    private func stopWatching() {
        if let registration { self.loop?.remove(registration) }
        self.registration = nil
    }

    /// Asks to be woken when there is something to read; does nothing when there already is.
    func wait() {
        if !self.isReady, let registration { self.loop?.update(registration, for: .readable) }
    }

    /// Reads once; never waits. The descriptor stays in blocking mode, since its open file is shared with whoever
    /// started us: one read after the kernel called it ready returns at once.
    func read() throws(Errno) -> Chunk {
        guard self.canRead else { return .nothing }
        var result = ReadResult.wouldBlock
        var failure: Errno?
        let descriptor = self.inputs[self.current].descriptor
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunkSize) { buffer, count in
            do throws(Errno) {
                result = try Syscalls.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
            if case .bytes(let read) = result { count = read }
        }
        if let failure { throw failure }
        switch result {
        case .bytes:
            if self.registration != nil { self.isReady = isReadable(descriptor) }
            return .bytes(bytes, input: self.current)
        case .wouldBlock:
            self.isReady = false
            return .nothing
        case .endOfFile:
            self.stopWatching()
            self.current += 1
            try self.watchCurrent()
            return .end(input: self.current - 1)
        }
    }
}

/// An open input of `celeriac run`.
public struct RunInput: Sendable {
    /// Its name for messages and the journal: a path, or `-` for standard input.
    public let name: String
    /// The open descriptor; never closed.
    public let descriptor: CInt

    /// An input.
    public init(name: String, descriptor: CInt) {
        self.name = name
        self.descriptor = descriptor
    }
}
