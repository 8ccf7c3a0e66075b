import Glibc
import Syscalls
import SystemPackage

/// A program that serves a port of its own on loopback until the end of the test.
final class RealServer {
    let port: UInt16
    private let pid: ProcessID
    private let input: Descriptor
    private let output: Descriptor
    private var isRunning = true

    static let program = "/usr/bin/redis-server"
    static let isInstalled = access(program, X_OK) == 0

    /// Starts a program with arguments for a free port, and waits until it says that it is ready.
    init(
        _ program: String = RealServer.program, ready: String = "Ready to accept connections",
        _ arguments: (UInt16) throws -> [String]
    ) throws {
        while true {
            let input = try Pipe()
            let output = try Pipe()
            let port = FakeServer.freePort()
            var request = SpawnRequest(path: program, arguments: try [program] + arguments(port), environment: [])
            request.standard = (input.reading.number, output.writing.number, nullDevice)
            let pid = try spawn(request)
            try duplicate(nullDevice, onto: output.writing.number)
            if Self.wait(for: ready, from: output.reading.number) {
                self.port = port
                self.pid = pid
                self.input = input.writing
                self.output = output.reading
                return
            }
            // Somebody else was given the port in the meantime.
            _ = try reap(pid)
        }
    }

    private static func wait(for text: String, from descriptor: CInt) -> Bool {
        var said = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        // The bound is for a test that fails.
        while isReadable(descriptor, within: .seconds(30)),
            case .bytes(let count)? = buffer.withUnsafeMutableBytes({ try? read(descriptor, into: $0) })
        {
            said += String(decoding: buffer.prefix(count), as: UTF8.self)
            if said.contains(text) { return true }
        }
        return false
    }

    /// Waits until the program writes a text to its output.
    func hear(_ text: String) -> Bool { Self.wait(for: text, from: self.output.number) }

    /// Writes to the program's input, and waits until it has read that.
    func say(_ text: String) throws {
        _ = try Array(text.utf8).withUnsafeBytes { (bytes) throws(Errno) in
            try Syscalls.write(bytes, to: self.input.number)
        }
        var left: CInt = 1
        while left > 0, ioctl(self.input.number, UInt(FIONREAD), &left) == 0 { sched_yield() }
    }

    func kill() {
        guard self.isRunning else { return }
        self.isRunning = false
        Glibc.kill(self.pid, SIGKILL)
        _ = try? reap(self.pid)
    }

    deinit { self.kill() }
}
