import Reactor
import Syscalls
import SystemPackage
import TaskLines

/// Writes outcome lines to standard output without ever waiting for its reader.
final class OutputWriter: ReadinessHandler {
    /// `PIPE_BUF`: a pipe that is writable takes so many bytes at once, also in blocking mode. The mode is not ours
    /// to change, since the open file is shared with whoever started us.
    private static let atomicSize = 4_096

    /// Most bytes that go out in one pass, so that a large result does not hold up the children.
    private static let mostPerPass = 1 << 20

    private let descriptor: CInt
    private var queue = WriteQueue()
    private var loop: (any EventLoop)?
    private var registration: LoopRegistration?
    private var isRegularFile = false

    init(descriptor: CInt) { self.descriptor = descriptor }

    /// Bytes that wait for the reader.
    var pendingBytes: Int { self.queue.count }

    /// Whether to call ``flush()`` again although nobody will tell that it is time: a file takes whatever comes.
    var needsFlush: Bool { self.isRegularFile && !self.queue.isEmpty }

    func start(on loop: any EventLoop) throws(Errno) {
        self.loop = loop
        do {
            self.registration = try loop.register(self.descriptor, for: [], handler: self, token: 0)
        } catch Errno.notPermitted {
            self.isRegularFile = true
        }
    }

    func append(_ outcome: PrintedOutcome) {
        outcome.line.write(pieces: { self.queue.add($0) }, result: { _ in self.queue.add(outcome.result) })
    }

    func append(_ bytes: [UInt8]) { self.queue.add(bytes[...]) }

    func descriptorReady(token: Int, readiness: Readiness) {
        guard let registration else { return }
        self.loop?.update(registration, for: [])
        // A reader that is gone would be reported again and again; the next write finds out as well.
        if !readiness.isDisjoint(with: .hungUp) {
            self.loop?.remove(registration)
            self.registration = nil
        }
    }

    /// Waits until the reader takes more, or for so long.
    func waitForReader(atMost time: Duration) {
        if !self.isRegularFile { _ = isWritable(self.descriptor, within: time) }
    }

    /// Writes what the reader takes now, and no more than a pass's share. Returns whether there still is a reader.
    func flush() throws(Errno) -> Bool {
        var left = Self.mostPerPass
        while left > 0, !self.queue.isEmpty, self.isRegularFile || isWritable(self.descriptor) {
            switch try self.queue.write(upTo: self.isRegularFile ? left : Self.atomicSize, to: self.descriptor) {
            case .bytes(let count): left -= count
            case .wouldBlock: left = 0
            case .noReader: return false
            }
        }
        if !self.queue.isEmpty, let registration { self.loop?.update(registration, for: .writable) }
        return true
    }
}
