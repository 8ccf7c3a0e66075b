import Redis
import Supervision
import Syscalls
import SystemPackage

/// A connection between a worker and the server: bytes on their way in both directions, which can be late, cut or lost.
final class Link {
    enum State { case connecting, open, refused }

    let descriptor: CInt
    unowned let world: World
    /// Who made it.
    let worker: WorkerProcess
    private(set) var state = State.connecting
    /// What has arrived at the worker and was not read.
    private var incoming: [UInt8] = []
    private var sawEnd = false
    /// Whether the worker has closed its end, or is dead.
    private(set) var isClosed = false
    /// Whether nothing arrives any more in either direction, and nobody is told.
    var isSilent = false

    // The server's end.
    private(set) var isServed = false
    var inbox: [UInt8] = []
    var isBeingServed = false
    /// Whether its end came while the server stood still.
    var hasHungUp = false
    var database = 0
    /// Keys whose changes this connection wants told on another one.
    var tracked: Set<String> = []
    /// Changes that the command under way made before it looked: the look covers them.
    var changesBeforeLook = 0
    var noticesTo: CInt?
    var isSubscribed = false

    private var lastToServer = World.start
    private var lastToWorker = World.start
    /// Whether it was cut: nothing arrives at the worker any more.
    private var isCut = false
    /// Counts what was lost on its way to the server.
    private var losses = 0

    init(_ world: World, _ worker: WorkerProcess, descriptor: CInt) {
        self.world = world
        self.worker = worker
        self.descriptor = descriptor
        world.after(self.latency) { self.connect() }
    }

    private var latency: Duration {
        let slow = self.world.server.slowness
        return self.world.microseconds(20...400) + slow
    }

    private func connect() {
        guard !self.isClosed else { return }
        guard self.world.server.accepts() else {
            self.state = .refused
            return self.worker.wake()
        }
        self.state = .open
        self.isServed = true
        self.world.server.opened(self)
        self.worker.wake()
    }

    // MARK: The worker's end

    var readiness: Readiness {
        switch self.state {
        case .connecting: []
        case .refused: [.writable, .hungUp]
        case .open: self.hasInput ? [.readable, .writable] : .writable
        }
    }

    private var hasInput: Bool { !self.incoming.isEmpty || self.sawEnd }

    func finishConnecting() throws(Errno) {
        if self.state == .refused { throw .connectionRefused }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        guard !self.incoming.isEmpty else { return self.sawEnd ? .endOfFile : .wouldBlock }
        let count = min(buffer.count, self.incoming.count)
        self.incoming[..<count].withUnsafeBytes { buffer.copyMemory(from: $0) }
        self.incoming.removeFirst(count)
        return .bytes(count)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> WriteResult {
        guard self.worker.acts() else { return .bytes(bytes.count) }
        if self.sawEnd { return .noReader }
        var count = bytes.count
        if self.world.plan.shortWrites, count > 1, self.world.chance(30) {
            count = Int.random(in: 1..<count, using: &self.world.random)
            self.world.reached.note("short write")
        }
        self.carry(Array(bytes[..<count]))
        return .bytes(count)
    }

    /// Bytes go to the server, in order.
    private func carry(_ bytes: [UInt8]) {
        let arrival = max(self.lastToServer + .nanoseconds(1), self.world.now + self.latency)
        self.lastToServer = arrival
        let losses = self.losses
        self.world.at(arrival) {
            guard losses == self.losses, !self.isSilent else { return }
            self.world.server.received(bytes, on: self)
        }
    }

    /// The worker's end is closed: what was sent still arrives.
    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.world.links[self.descriptor] = nil
        let arrival = max(self.lastToServer + .nanoseconds(1), self.world.now + self.latency)
        self.world.at(arrival) { self.world.server.hungUp(self) }
    }

    // MARK: The server's end

    func reply(_ bytes: [UInt8]) {
        if self.world.plan.splitReplies, bytes.count > 1, self.world.chance(20) {
            let count = Int.random(in: 1..<bytes.count, using: &self.world.random)
            self.world.reached.note("split reply")
            self.carryBack(Array(bytes[..<count]))
            return self.carryBack(Array(bytes[count...]))
        }
        self.carryBack(bytes)
    }

    /// Some bytes arrive, and then the end.
    func replyPartly(_ bytes: [UInt8]) {
        let count = Int.random(in: 0..<bytes.count, using: &self.world.random)
        if count > 0 { self.carryBack(Array(bytes[..<count])) }
        self.serverCloses()
    }

    private func carryBack(_ bytes: [UInt8]) {
        let arrival = max(self.lastToWorker + .nanoseconds(1), self.world.now + self.latency)
        self.lastToWorker = arrival
        self.world.at(arrival) {
            guard !self.isCut, !self.isClosed, !self.isSilent else { return }
            self.incoming += bytes
            self.worker.wake()
        }
    }

    /// The server has gone, or closes.
    func serverCloses() {
        guard self.isServed else { return }
        self.isServed = false
        self.losses += 1
        let arrival = max(self.lastToWorker + .nanoseconds(1), self.world.now + self.latency)
        self.world.at(arrival) { self.end() }
    }

    private func end() {
        guard !self.isClosed else { return }
        self.sawEnd = true
        self.worker.wake()
    }

    // MARK: Faults

    /// The connection breaks. Of what was on its way to the server some still arrives, or nothing; nothing that was on
    /// its way back does.
    func cut(_ mode: CutMode) {
        guard !self.isClosed, self.state == .open else { return }
        self.isCut = true
        switch mode {
        case .lost:
            self.losses += 1
            self.world.server.hungUp(self)
        case .delivered:
            // In its own time; the answers find nobody.
            self.world.at(max(self.lastToServer + .nanoseconds(1), self.world.now)) { self.world.server.hungUp(self) }
        }
        self.incoming = []
        self.sawEnd = true
        self.worker.wake()
    }

}

/// What a broken connection does with what was on its way to the server.
public enum CutMode: String, Sendable, CaseIterable {
    case lost
    case delivered
}

/// A worker's end of a link, as the connection of production code holds it.
final class LinkStream: ByteStream {
    private let link: Link

    init(_ link: Link) { self.link = link }

    deinit { self.link.close() }

    var descriptor: CInt { self.link.descriptor }
    var wanted: Readiness { self.isConnected ? [] : .writable }
    var holdsInput: Bool { false }
    private var isConnected = false

    func finishConnecting() throws -> Bool {
        try self.link.finishConnecting()
        self.isConnected = true
        return true
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult { self.link.read(into: buffer) }

    func write(_ queue: inout WriteQueue) throws -> WriteResult {
        try queue.write(upTo: 1 << 20) { self.link.write($0) }
    }
}

/// The way to the simulated server.
struct LinkEndpoint: Endpoint {
    unowned let worker: WorkerProcess

    var description: String { "simulated" }

    func open() throws -> any ByteStream { LinkStream(self.worker.world.connect(self.worker)) }
}

extension World {
    func connect(_ worker: WorkerProcess) -> Link {
        self.lastDescriptor += 1
        let link = Link(self, worker, descriptor: self.lastDescriptor)
        self.links[link.descriptor] = link
        return link
    }
}
