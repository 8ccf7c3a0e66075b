import Glibc
import Syscalls
import SystemPackage
import Testing

@Suite struct ServiceSocketTests {
    /// A socket that hears datagrams at a name.
    private func listener(_ name: String) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (name.hasPrefix("@") ? 0 : 1))
        let socket = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
        }
        #expect(result == 0)
        return socket
    }

    private func heard(_ socket: CInt) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = recv(socket, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    @Test(arguments: ["/tmp/service-\(getpid())", "@service-\(getpid())"])
    func managersHear(_ name: String) throws {
        let listener = self.listener(name)
        defer {
            close(listener)
            unlink(name)
        }
        var socket = try ServiceSocket(name)
        #expect(try socket.send("READY=1"))
        #expect(try socket.send("STATUS=x"))
        #expect(self.heard(listener) == "READY=1")
        #expect(self.heard(listener) == "STATUS=x")
        var sent = 0
        while sent < 100_000, try socket.send("WATCHDOG=1") { sent += 1 }
        #expect(sent > 0 && sent < 100_000, "a manager that does not read holds up nobody")
    }

    @Test func nobodyIsAnError() throws {
        var socket = try ServiceSocket("/nowhere/at/all")
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try socket.send("READY=1") }
        for name in ["", "relative", "/" + String(repeating: "x", count: 200)] {
            #expect(throws: Errno.invalidArgument) { _ = try ServiceSocket(name) }
        }
    }
}
