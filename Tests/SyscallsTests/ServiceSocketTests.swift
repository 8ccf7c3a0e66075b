import EngineSupport
import Glibc
import Syscalls
import SystemPackage
import Testing

@Suite struct ServiceSocketTests {
    @Test(arguments: ["/tmp/service-\(getpid())", "@service-\(getpid())"])
    func managersHear(_ name: String) throws {
        let listener = DatagramListener(name)
        var socket = try ServiceSocket(name)
        #expect(try socket.send("READY=1"))
        #expect(try socket.send("STATUS=x"))
        #expect(listener.listen() == ["READY=1", "STATUS=x"])
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
