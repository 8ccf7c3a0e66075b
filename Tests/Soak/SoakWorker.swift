import EngineSupport
import Glibc
import RedisSupport
import Syscalls

/// A worker behind a proxy of its own, and the ones that follow it in its place.
final class SoakWorker {
    /// What is to end the worker that runs now.
    enum Ending { case none, killed, terminated }

    let number: Int
    let proxy: FaultProxy
    private let place: SoakPlace
    private(set) var program: Program
    private(set) var ending = Ending.none
    /// Whether its connections or its server were disturbed since it was told to end: it may then have to leave
    /// messages to others, and says so by its status.
    var isDisturbed = false
    /// Process ids of all that have run here.
    private(set) var pids: [ProcessID] = []

    init(_ number: Int, _ place: SoakPlace) throws {
        (self.number, self.place) = (number, place)
        self.proxy = try FaultProxy(to: place.server.port)
        self.program = try place.startWorker(number, through: self.proxy)
        self.pids = [self.program.pid]
    }

    var runs: Bool { self.program.exit == nil && self.ending == .none }
    var isConnected: Bool { !self.program.records("broker.connected").isEmpty }

    func kill() {
        self.ending = .killed
        self.program.signal(SIGKILL)
    }

    func terminate() {
        self.ending = .terminated
        self.isDisturbed = false
        self.program.signal(SIGTERM)
    }

    /// The one that runs has ended. Returns what is wrong with its end.
    func judgeEnd() -> [String] {
        var breaches: [String] = []
        do {
            let status = try self.program.finish(within: 5)
            if !self.mayEnd(with: status) {
                breaches.append("worker \(self.number) ended with \(status), \(self.ending): \(self.lastWords)")
            }
        } catch {
            breaches.append("worker \(self.number) has left \(self.leftOvers): \(self.lastWords)")
        }
        return breaches
    }

    private func mayEnd(with status: CInt) -> Bool {
        switch self.ending {
        case .none: false
        case .killed: status == -SIGKILL
        case .terminated: status == 0 || status == 3 && self.isDisturbed
        }
    }

    private var leftOvers: String {
        self.program.family.map { "\($0) \(ProcessTable.name(of: $0) ?? "?")" }.joined(separator: ", ")
    }

    /// The end of what it has written.
    var lastWords: String { self.program.errorText.split(separator: "\n").suffix(12).joined(separator: "\n  ") }

    /// Another one in the place of one that has ended.
    func replace() throws {
        self.program = try self.place.startWorker(self.number, through: self.proxy)
        self.ending = .none
        self.pids.append(self.program.pid)
    }
}
