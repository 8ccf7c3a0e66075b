import Synchronization
import Syscalls

/// A child's report pipe: whole frames, from any thread.
final class ReportWriter: Sendable {
    private let descriptor: CInt
    private let pending = Mutex<[UInt8]>([])

    init(descriptor: CInt) { self.descriptor = descriptor }

    /// Adds a frame, to go out with the next flush: an outcome travels with the acceptance of the next task.
    func write(_ frame: (inout [UInt8]) -> Void) {
        self.pending.withLock { frame(&$0) }
    }

    /// Adds a frame and sends all that is pending.
    func writeNow(_ frame: (inout [UInt8]) -> Void) {
        self.write(frame)
        self.flush()
    }

    /// Sends all that is pending. A child whose master is gone has no reason to go on.
    func flush() {
        self.pending.withLock { pending in
            var offset = 0
            while offset < pending.count {
                let result = pending.withUnsafeBytes { bytes in
                    Result {
                        try Syscalls.write(UnsafeRawBufferPointer(rebasing: bytes[offset...]), to: self.descriptor)
                    }
                }
                guard case .success(.bytes(let count)) = result else { exitNow(ChildExitCode.masterGone) }
                offset += count
            }
            pending.removeAll(keepingCapacity: pending.capacity < 1 << 20)
        }
    }
}

/// Exit codes by which a child says why it ended without being told to.
enum ChildExitCode {
    /// The master's end of a pipe is closed.
    static let masterGone: CInt = 80
    /// The orders are not frames.
    static let badOrders: CInt = 81
    /// It could not boot; a `bootFailed` frame tells the reason.
    static let bootFailed: CInt = 82
    /// It could not enter its sandbox; a `bootFailed` frame tells the step.
    static let cannotSandbox: CInt = 83
}
