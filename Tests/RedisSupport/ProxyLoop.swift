import Glibc
import Syscalls

/// The thread of a ``FaultProxy``: one pass accepts, reads what is there and writes what is due.
struct ProxyLoop: Sendable {
    private let state: ProxyState
    private let port: UInt16
    private let server: UInt16
    private let firstListener: CInt

    init(_ state: ProxyState, port: UInt16, server: UInt16, listener: CInt) {
        (self.state, self.port, self.server, self.firstListener) = (state, port, server, listener)
    }

    func run() {
        var listener = self.firstListener
        var links: [ProxyLink] = []
        while !self.state.value.stops {
            self.listen(&listener)
            Self.wait([listener] + links.flatMap(\.sockets))
            if listener >= 0, isReadable(listener) { self.accept(listener, &links) }
            for index in links.indices { links[index].pass(self.state) }
            self.close(&links)
        }
        for link in links { link.close() }
        if listener >= 0 { Glibc.close(listener) }
    }

    /// Opens or closes the listener.
    private func listen(_ listener: inout CInt) {
        let refuses = self.state.value.faults.refuses
        if refuses, listener >= 0 {
            Glibc.close(listener)
            listener = -1
        } else if !refuses, listener < 0 {
            listener = (try? LocalSocket.listen(port: self.port)) ?? -1
        }
    }

    /// A short while, so that changed faults and due delays are noticed.
    private static func wait(_ descriptors: [CInt]) {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&entries, nfds_t(entries.count), 1)
    }

    private func accept(_ listener: CInt, _ links: inout [ProxyLink]) {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        guard let server = try? LocalSocket.connect(port: self.server) else {
            Glibc.close(client)
            return
        }
        LocalSocket.sendAtOnce(client)
        links.append(ProxyLink(client: client, server: server))
        self.state.change { $0.counts.accepted += 1 }
    }

    private func close(_ links: inout [ProxyLink]) {
        let all = self.state.change { state in
            defer { state.cutsAll = false }
            return state.cutsAll
        }
        let ended = links.filter { all || $0.isOver }
        for link in ended { link.close() }
        if all { self.state.change { [count = ended.count] in $0.counts.cuts += count } }
        links.removeAll { all || $0.isOver }
        self.state.change { [count = links.count] in $0.counts.open = count }
    }
}
