import EngineSupport
import Foundation
import Synchronization
import Syscalls

/// Passes connections on to a Redis server, and does to them what networks do.
///
/// It works on a thread of its own, so that it serves programs while the test waits for something else.
package final class FaultProxy {
    /// Where it listens.
    package let port: UInt16
    private let shared: ProxyState

    /// Starts passing connections on to a port of the loopback interface.
    package init(to server: UInt16) throws {
        self.port = try LocalSocket.freePort()
        let listener = try LocalSocket.listen(port: self.port)
        self.shared = ProxyState()
        let loop = ProxyLoop(self.shared, port: self.port, server: server, listener: listener)
        Thread.detachNewThread { loop.run() }
    }

    deinit { self.shared.change { $0.stops = true } }

    /// What is done to the connections from now on.
    package var faults: ProxyFaults {
        get { self.shared.value.faults }
        set { self.shared.change { $0.faults = newValue } }
    }

    /// Closes every open connection.
    package func cutAll() { self.shared.change { $0.cutsAll = true } }

    /// What has happened so far.
    package var counts: ProxyCounts { self.shared.value.counts }
}

/// What is done to connections.
package struct ProxyFaults {
    /// Bytes of the server that still reach clients, counted over all connections; then the connection that would carry
    /// the next byte is closed and this becomes `nil`, so that there is one cut. `nil` cuts nothing.
    package var cutAfter: Int?
    /// How long every piece waits before it is passed on, in either direction.
    package var delay = Duration.zero
    /// Whether what clients send vanishes, with the connection open. A connection that has lost something loses all
    /// that follows: none has a hole.
    package var swallowsRequests = false
    /// Whether what the server sends vanishes, likewise.
    package var swallowsReplies = false
    /// Whether the next piece that the server sends vanishes, and what follows comes: what no network does, but a
    /// faulty proxy. Becomes `false` then.
    package var losesOneReply = false
    /// Whether every byte is sent for itself.
    package var splits = false
    /// Whether nobody listens: connecting is refused. Open connections stay.
    package var refuses = false

    package init() {}
}

/// What has happened at a proxy.
package struct ProxyCounts {
    /// Connections accepted.
    package var accepted = 0
    /// Connections closed because of a fault.
    package var cuts = 0
    /// Connections open now.
    package var open = 0
    /// Bytes that reached the server.
    package var requestBytes = 0
    /// Bytes that reached clients.
    package var replyBytes = 0
    /// Bytes that vanished, in either direction.
    package var swallowedBytes = 0
}

/// What the test and the proxy's thread share.
final class ProxyState: Sendable {
    struct Value {
        var faults = ProxyFaults()
        var counts = ProxyCounts()
        var cutsAll = false
        var stops = false
    }

    private let mutex = Mutex(Value())

    var value: Value { self.mutex.withLock { $0 } }

    func change<Result: Sendable>(_ body: (inout sending Value) -> Result) -> Result {
        self.mutex.withLock { body(&$0) }
    }
}
