import Supervision
import Syscalls
import SystemPackage

/// The addresses of a host's name, asked for in a process of its own (`getent ahosts`).
///
/// The system's resolver waits, has its own sources (files, DNS, directories), and knows no other way; a thread is not to
/// be had in a master. The program of the C library is asked, not this one over again: the connection may be part of
/// any program, whose `main` is not ours. Addresses, and `localhost`, need no lookup.
final class HostLookup {
    /// What there is to do next.
    private enum Stage {
        /// The program writes.
        case reading
        /// It has written all, and ends.
        case ending
        case ended
    }

    /// More than the addresses of any host; the rest is read and dropped.
    private static let mostOutput = 65_536
    /// A program that takes longer than the system's resolver does at its slowest hangs.
    private static let longest = Duration.seconds(60)

    private let host: String
    private let pid: ProcessID
    private let process: ProcessDescriptor
    private let output: Descriptor
    private let began = Instant(nanoseconds: monotonicNanoseconds())
    private var stage = Stage.reading
    private var text: [UInt8] = []

    /// Starts the program: its words, to which the host is added.
    init(_ host: String, program: [String] = ["getent", "ahosts", "--"]) throws {
        self.host = host
        let pipe = try Pipe()
        let environment = Environment.current.map { "\($0.key)=\($0.value)" }
        var request = SpawnRequest(path: program[0], arguments: program + [host], environment: environment)
        request.searchesPath = true
        request.standard = (nullDevice, pipe.writing.number, nullDevice)
        do {
            self.pid = try spawn(request)
        } catch {
            throw HostLookupError(host: host, reason: "\(program[0]) does not start: \(error)")
        }
        self.process = try ProcessDescriptor(child: self.pid)
        try setNonblocking(pipe.reading.number)
        self.output = pipe.reading
    }

    deinit {
        guard self.stage != .ended else { return }
        self.process.send(.kill)
        // It ends at once, unless it is stuck in the kernel: then it stays for whoever reaps this program's children.
        _ = isReadable(self.process.descriptor.number, within: .milliseconds(100))
        _ = self.process.reap()
    }

    /// Whether it is of no use to wait for it any longer.
    var isOverdue: Bool { Instant(nanoseconds: monotonicNanoseconds()) >= self.began + Self.longest }

    /// Becomes readable when ``proceed()`` has something to do.
    var descriptor: CInt {
        self.stage == .reading ? self.output.number : self.process.descriptor.number
    }

    /// Reads what there is. Returns the addresses once all are known; throws ``HostLookupError`` when there are none.
    func proceed() throws -> [String]? {
        if self.stage == .reading { try self.read() }
        if self.stage == .ending, isReadable(self.process.descriptor.number) {
            // Whoever reaps all children of this process may have been first: what was read is what counts.
            _ = self.process.reap()
            self.stage = .ended
        }
        guard self.stage == .ended else { return nil }
        let addresses = self.addresses
        if addresses.isEmpty { throw HostLookupError(host: self.host, reason: "the name has no address") }
        return addresses
    }

    private func read() throws {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let result = try chunk.withUnsafeMutableBytes { (bytes) throws(Errno) in
                try Syscalls.read(self.output.number, into: bytes)
            }
            switch result {
            case .bytes(let count) where self.text.count < Self.mostOutput: self.text += chunk.prefix(count)
            case .bytes: continue
            case .wouldBlock: return
            case .endOfFile: return self.stage = .ending
            }
        }
    }

    /// Each line has an address and a kind of socket.
    private var addresses: [String] {
        String(decoding: self.text, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, words[1] == "STREAM", isAddress(String(words[0])) else { return nil }
            return String(words[0])
        }
    }
}

/// A name whose addresses could not be found.
struct HostLookupError: Error, CustomStringConvertible {
    let host: String
    let reason: String

    var description: String { "no address of \(self.host) was found: \(self.reason)" }
}
