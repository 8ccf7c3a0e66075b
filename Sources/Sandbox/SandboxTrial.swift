import Glibc
import SandboxPolicy
import Syscalls
import SystemPackage

/// Tries every forbidden act under a profile, each in a process of its own.
public struct SandboxTrial {
    /// How an attempt ended.
    public enum Outcome: Equatable, Sendable {
        /// Nothing refused it.
        case allowed
        /// It failed with this error number.
        case refused(Int32)
        /// The kernel ended the process.
        case ended
    }

    private let sandbox: Sandbox
    private let target: Attempt.Target

    /// A trial of a profile, on this host. The process must have one thread.
    public init(_ profile: SandboxProfile, _ target: Attempt.Target) throws(SandboxFailure) {
        self.sandbox = try Sandbox(preparing: profile)
        self.target = target
    }

    /// What a process is told of itself once it is in.
    public func report() throws -> SandboxReport {
        let bytes = try self.inChild { sandbox, _ in Array(sandbox.text.utf8) }.output
        guard let report = SandboxReport(text: String(decoding: bytes, as: UTF8.self)) else {
            throw SandboxFailure(.seccomp, String(decoding: bytes, as: UTF8.self))
        }
        return report
    }

    /// How long a process takes to enter: the median of so many.
    public func entryTime(of count: Int) throws -> Duration {
        let times = try (0..<count).map { _ in
            let output = try self.inChild { _, time in withUnsafeBytes(of: time) { Array($0) } }.output
            return output.count == 8 ? output.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } : .max
        }
        return .nanoseconds(Int64(clamping: times.sorted()[count / 2]))
    }

    /// Tries one act.
    public func outcome(of attempt: Attempt) throws -> Outcome {
        let target = self.target
        let (output, status) = try self.inChild { _, _ in
            withUnsafeBytes(of: attempt.run(target)) { Array($0) }
        }
        guard status == .exited(0), output.count == 4 else { return .ended }
        let number = output.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        return number == 0 ? .allowed : .refused(number)
    }

    /// Forks a process that enters the sandbox and writes what `body` makes of its report and its time in nanoseconds.
    private func inChild(
        _ body: (SandboxReport, UInt64) -> [UInt8]
    ) throws -> (output: [UInt8], status: ExitStatus) {
        let pipe = try Pipe()
        switch try Syscalls.fork() {
        case .child: self.runChild(body, pipe.writing.number)
        case .parent(let pid):
            closeAll([pipe.writing.release()])
            let output = try readAll(pipe.reading.number)
            return (output, try reap(pid).status)
        }
    }

    private func runChild(_ body: (SandboxReport, UInt64) -> [UInt8], _ pipe: CInt) -> Never {
        // A place of its own, and nothing else of the program's, as a worker's child has it.
        let place: CInt = 4
        do {
            startSession()
            try duplicate(pipe, onto: place)
            if let descriptor = self.sandbox.descriptor { try duplicate(descriptor, onto: place + 1) }
            try closeDescriptors(from: self.sandbox.descriptor == nil ? place + 1 : place + 2)
            let start = monotonicNanoseconds()
            let report = try self.sandbox.enter(
                as: UInt64(ownProcessID), descriptor: self.sandbox.descriptor.map { _ in place + 1 })
            let time = monotonicNanoseconds() - start
            body(report, time).withUnsafeBytes { _ = try? Syscalls.write($0, to: place) }
        } catch {
            Array("\(error)".utf8).withUnsafeBytes { _ = try? Syscalls.write($0, to: place) }
            exitNow(1)
        }
        exitNow(0)
    }
}

/// What trials need around them: a process to attack, a file to read, a port to connect to.
public struct TrialGround: ~Copyable {
    /// What attempts are about.
    public let target: Attempt.Target
    private let listener: Descriptor

    /// Sets it up below a directory that is there.
    public init(in directory: String) throws {
        self.listener = Descriptor(owning: socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
        let secret = directory + "/secret"
        let file = Descriptor(owning: open(secret, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
        guard self.listener.number >= 0, file.number >= 0, let port = Self.listen(self.listener.number) else {
            throw Errno(rawValue: errno)
        }
        guard case .parent(let stranger) = try Syscalls.fork() else { Self.waitForEver() }
        self.target = Attempt.Target(stranger: stranger, secret: secret, directory: directory, port: port)
    }

    private static func listen(_ descriptor: CInt) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(descriptor, plain, length) == 0 && Glibc.listen(descriptor, 128) == 0
                    && getsockname(descriptor, plain, &length) == 0
            }
        }
        return isListening ? UInt16(bigEndian: address.sin_port) : nil
    }

    private static func waitForEver() -> Never {
        try? setParentDeathSignal(.kill)
        while true { pause() }
    }

    deinit {
        if let process = try? ProcessDescriptor(child: self.target.stranger) { process.send(.kill) }
        _ = try? reap(self.target.stranger)
        unlink(self.target.secret)
    }
}
