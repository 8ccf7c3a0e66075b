import Glibc
import Syscalls

/// Hears the datagrams that come to a name: a path, or an abstract name that begins with `@`. A service manager of tests.
package final class DatagramListener {
    package let name: String
    private let socket: CInt
    /// What has come, in order.
    package private(set) var heard: [String] = []

    package init(_ name: String) {
        self.name = name
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (name.hasPrefix("@") ? 0 : 1))
        let number = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
        }
        precondition(result == 0, "A listener's name is free.")
        self.socket = number
    }

    deinit {
        close(self.socket)
        if !self.name.hasPrefix("@") { unlink(self.name) }
    }

    /// Everything that has come until now.
    @discardableResult
    package func listen() -> [String] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(self.socket, &bytes, bytes.count, 0)
            guard count > 0 else { return self.heard }
            self.heard.append(String(decoding: bytes[..<count], as: UTF8.self))
        }
    }
}
