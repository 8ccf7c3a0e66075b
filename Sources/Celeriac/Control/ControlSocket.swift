import Celery
import Logging
import Reactor
import RemoteControl
import Syscalls
import SystemPackage

/// Takes the commands of remote control on a socket of this machine, also while the broker is away.
///
/// A request is a line with a JSON object, `{"method": "ping", "arguments": {}}`; its answer is a line with an object of
/// the node and its answer. Whoever may open the socket, which is the worker's user, may ask everything.
final class ControlSocket: ReadinessHandler {
    /// Connections at a time; a further one ends the oldest.
    private static let mostConnections = 16

    private let desk: ControlDesk
    private let node: String
    private let listener: LocalListener
    private let loop: any EventLoop
    private var registration: LoopRegistration?
    private var connections: [ControlConnection] = []

    /// Listens. Throws `Errno`.
    init(path: String, _ desk: ControlDesk, node: String, on loop: any EventLoop) throws(Errno) {
        self.desk = desk
        self.node = node
        self.loop = loop
        self.listener = try LocalListener(path: path)
        self.registration = try loop.register(
            self.listener.descriptor.number, for: .readable, handler: self, token: 0)
    }

    /// Listens no more. Answers that are under way are lost.
    func close() {
        if let registration { self.loop.remove(registration) }
        self.registration = nil
        for connection in self.connections { connection.close() }
    }

    func descriptorReady(token: Int, readiness: Readiness) {
        while let number = (try? self.listener.accept()) ?? nil {
            if self.connections.count >= Self.mostConnections { self.connections[0].close() }
            let connection = ControlConnection(Descriptor(owning: number), on: self.loop) {
                [unowned self] line, answer in
                self.ask(line, answer)
            }
            guard let connection else { continue }
            connection.closed = { [unowned self] closed in self.connections.removeAll { $0 === closed } }
            self.connections.append(connection)
        }
    }

    private func ask(_ line: ArraySlice<UInt8>, _ answer: @escaping (CeleryValue) -> Void) {
        let node = self.node
        do {
            let request = try ControlRequest(CeleryValue(parsing: line, limits: BodyLimits(maxDepth: 32)))
            self.desk.handleLocal(request) { answer(.object([node: $0 ?? .null])) }
        } catch {
            answer(.object([node: ["error": .string("\(error)")]]))
        }
    }
}

/// One connection to the socket of commands.
private final class ControlConnection: ReadinessHandler {
    private static let longestLine = 1 << 20
    private static let mostUnsent = 16 << 20

    private let socket: Descriptor
    private let loop: any EventLoop
    private let ask: (ArraySlice<UInt8>, @escaping (CeleryValue) -> Void) -> Void
    private var registration: LoopRegistration?
    private var input: [UInt8] = []
    private var output = WriteQueue()
    /// Hears of the end.
    var closed: (ControlConnection) -> Void = { _ in }

    /// `nil` when it cannot be watched.
    init?(
        _ socket: consuming Descriptor, on loop: any EventLoop,
        ask: @escaping (ArraySlice<UInt8>, @escaping (CeleryValue) -> Void) -> Void
    ) {
        self.socket = socket
        self.loop = loop
        self.ask = ask
        self.registration = try? loop.register(self.socket.number, for: .readable, handler: self, token: 0)
        if self.registration == nil { return nil }
    }

    var isClosed: Bool { self.registration == nil }

    func close() {
        guard let registration else { return }
        self.loop.remove(registration)
        self.registration = nil
        self.closed(self)
    }

    func descriptorReady(token: Int, readiness: Readiness) {
        // Its owner forgets it when it closes.
        withExtendedLifetime(self) {
            self.readLines()
            self.flush()
        }
    }

    private func readLines() {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
        defer { room.deallocate() }
        switch try? read(self.socket.number, into: room) {
        case .bytes(let count): self.input.append(contentsOf: room[..<count])
        case .wouldBlock: return
        case .endOfFile, nil: return self.close()
        }
        while let end = self.input.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(self.input[..<end])
            self.input.removeFirst(end + 1)
            self.ask(line[...]) { [weak self] in self?.answer($0) }
        }
        if self.input.count > Self.longestLine { self.close() }
    }

    private func answer(_ value: CeleryValue) {
        guard !self.isClosed else { return }
        let error: CeleryValue = ["error": "the answer has no form in JSON"]
        let bytes = (try? value.json()) ?? (try? error.json()) ?? []
        self.output.add((bytes + [UInt8(ascii: "\n")])[...])
        if self.output.count > Self.mostUnsent { return self.close() }
        self.flush()
    }

    private func flush() {
        guard let registration else { return }
        do {
            while !self.output.isEmpty {
                let socket = self.socket.number
                switch try self.output.write(upTo: 65_536, by: { try send($0, on: socket) }) {
                case .bytes: continue
                case .wouldBlock: return self.loop.update(registration, for: [.readable, .writable])
                case .noReader: return self.close()
                }
            }
            self.loop.update(registration, for: .readable)
        } catch {
            self.close()
        }
    }
}
