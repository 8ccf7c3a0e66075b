import Glibc
import Syscalls
import SystemPackage

/// A program that serves a port of its own on loopback until the end of the test.
final class RealServer {
    let port: UInt16
    private let pid: ProcessID
    private let output: Descriptor
    private var isRunning = true

    static let isInstalled = access("/usr/bin/redis-server", X_OK) == 0

    /// Starts `redis-server` with arguments for a free port, and waits until it says that it is ready.
    init(ready: String = "Ready to accept connections", _ arguments: (UInt16) throws -> [String]) throws {
        while true {
            let pipe = try Pipe()
            let port = FakeServer.freePort()
            var request = SpawnRequest(
                path: "/usr/bin/redis-server", arguments: try ["redis-server"] + arguments(port), environment: [])
            request.standard = (nullDevice, pipe.writing.number, nullDevice)
            let pid = try spawn(request)
            try duplicate(nullDevice, onto: pipe.writing.number)
            if Self.wait(for: ready, from: pipe.reading.number) {
                self.port = port
                self.pid = pid
                self.output = pipe.reading
                return
            }
            // Somebody else was given the port in the meantime.
            _ = try reap(pid)
        }
    }

    private static func wait(for text: String, from descriptor: CInt) -> Bool {
        var said = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case .bytes(let count)? = buffer.withUnsafeMutableBytes({ try? read(descriptor, into: $0) }) {
            said += String(decoding: buffer.prefix(count), as: UTF8.self)
            if said.contains(text) { return true }
        }
        return false
    }

    func kill() {
        guard self.isRunning else { return }
        self.isRunning = false
        Glibc.kill(self.pid, SIGKILL)
        _ = try? reap(self.pid)
    }

    deinit { self.kill() }
}
