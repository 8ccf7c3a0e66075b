import EngineSupport
import Glibc
import Syscalls
import SystemPackage
import Testing

@Suite struct DatagramSocketTests {
    @Test(arguments: ["/tmp/service-\(getpid())", "@service-\(getpid())"])
    func managersHear(_ name: String) throws {
        let listener = DatagramListener(name)
        var socket = try DatagramSocket(name)
        #expect(try socket.send(Array("READY=1".utf8)))
        #expect(try socket.send(Array("STATUS=x".utf8)))
        #expect(listener.listen() == ["READY=1", "STATUS=x"])
        var sent = 0
        while sent < 100_000, try socket.send(Array("WATCHDOG=1".utf8)) { sent += 1 }
        #expect(sent > 0 && sent < 100_000, "a manager that does not read holds up nobody")
    }

    @Test func nobodyIsAnError() throws {
        var socket = try DatagramSocket("/nowhere/at/all")
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try socket.send(Array("READY=1".utf8)) }
        for name in ["", "relative", "/" + String(repeating: "x", count: 200)] {
            #expect(throws: Errno.invalidArgument) { _ = try DatagramSocket(name) }
        }
    }
}
