import CSeccomp
import Glibc
import Syscalls
import SystemPackage

/// A process that lets every one of its system calls be seen.
extension Sandbox {
    /// `BPF_RET | BPF_K` with `SECCOMP_RET_USER_NOTIF`: each call is told, and waits for an answer.
    private static let tellAll: [UInt64] = [UInt64(SCMP_ACT_NOTIFY) << 32 | 0x06]

    /// From here on nothing goes on in this process until another one listens at the descriptor that this opens.
    func listen() throws(SandboxFailure) {
        try taking(.seccomp, "listening") { () throws(Errno) in
            try Confinement.setNoNewPrivileges()
            _ = try Confinement.installListeningFilter(Self.tellAll)
        }
    }
}

/// A system call that a process is about to make.
public struct SeenCall: Sendable {
    /// The thread that makes it.
    public let thread: ProcessID
    /// Its name.
    public let name: String
    /// Its arguments.
    public let arguments: [UInt64]

    /// The text that an argument points at.
    public func text(_ argument: Int) -> String? {
        let bytes = self.bytes(argument, count: 4_096)
        guard let end = bytes.firstIndex(of: 0) else { return nil }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// The bytes that an argument points at, as many as are there.
    public func bytes(_ argument: Int, count: Int) -> [UInt8] {
        guard let memory = try? openForReading("/proc/\(self.thread)/mem") else { return [] }
        defer { closeAll([memory]) }
        var bytes = [UInt8](repeating: 0, count: count)
        var read = 0
        // A page at a time: the next one may not be there.
        while read < count {
            let address = self.arguments[argument] &+ UInt64(read)
            let step = min(count - read, 4_096 - Int(address % 4_096))
            let got = bytes.withUnsafeMutableBytes { pread(memory, $0.baseAddress! + read, step, off_t(address)) }
            if got <= 0 { break }
            read += got
        }
        return Array(bytes[..<read])
    }
}

/// Sees the calls of a listening process and of all that it starts.
public final class CallListener {
    private let descriptor: Descriptor
    private let request: UnsafeMutablePointer<seccomp_notif>
    private let response: UnsafeMutablePointer<seccomp_notif_resp>

    /// Takes the descriptor of a child that ``Sandbox/init(learning:)`` let in, once it is there.
    public init(to process: ProcessID) throws(Errno) {
        let child = try ProcessDescriptor(child: process)
        var request: UnsafeMutablePointer<seccomp_notif>?
        var response: UnsafeMutablePointer<seccomp_notif_resp>?
        guard seccomp_notify_alloc(&request, &response) == 0, let request, let response else { throw .noMemory }
        self.descriptor = try Self.waitForListener(of: process, child)
        self.request = request
        self.response = response
    }

    /// Until it has one, or has ended.
    private static func waitForListener(
        of process: ProcessID, _ child: borrowing ProcessDescriptor
    ) throws(Errno) -> Descriptor {
        while !isReadable(child.descriptor.number, within: .milliseconds(1)) {
            let open = ProcessTable.descriptors(of: process)
            guard let listener = open.first(where: { $0.target.hasSuffix("seccomp notify") }) else { continue }
            return try child.take(listener.number)
        }
        throw .noSuchProcess
    }

    deinit { seccomp_notify_free(self.request, self.response) }

    /// Waits for the next call, hears of it, and lets it go on. Returns `false` when all who could make one are gone.
    public func next(_ body: (SeenCall) -> Void) -> Bool {
        while true {
            var entry = pollfd(fd: self.descriptor.number, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, -1) >= 0 else { continue }
            if entry.revents & Int16(POLLIN) == 0 { return false }
            memset(self.request, 0, MemoryLayout<seccomp_notif>.size)
            // A thread that was killed has withdrawn its call.
            if seccomp_notify_receive(self.descriptor.number, self.request) != 0 { continue }
            self.tell(body)
            self.response.pointee = seccomp_notif_resp()
            self.response.pointee.id = self.request.pointee.id
            self.response.pointee.flags = UInt32(SECCOMP_USER_NOTIF_FLAG_CONTINUE)
            _ = seccomp_notify_respond(self.descriptor.number, self.response)
            return true
        }
    }

    private func tell(_ body: (SeenCall) -> Void) {
        let data = self.request.pointee.data
        guard let name = SystemCalls.name(data.nr) else { return }
        let arguments = withUnsafeBytes(of: data.args) { Array($0.bindMemory(to: UInt64.self)) }
        body(SeenCall(thread: ProcessID(self.request.pointee.pid), name: name, arguments: arguments))
    }
}
