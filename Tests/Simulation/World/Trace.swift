import Supervision

/// What happened, as a number that two runs of one seed must agree in, and as text for whoever asks for it.
struct Trace {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var events = 0
    /// Lines, when they are wanted.
    private(set) var lines: [String] = []
    private let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    /// Notes what happened. The text goes into the lines only.
    mutating func note(_ now: Instant, _ code: Code, _ first: UInt64, _ second: UInt64, _ text: () -> String) {
        self.events += 1
        for value in [now.nanoseconds, code.rawValue, first, second] {
            self.hash = (self.hash ^ value) &* 0x100_0000_01B3
            self.hash ^= self.hash >> 29
        }
        guard self.keepsLines else { return }
        let microseconds = (now.nanoseconds - World.start.nanoseconds) / 1_000
        let seconds = "\(microseconds / 1_000_000)." + String(String(microseconds % 1_000_000 + 1_000_000).dropFirst())
        self.lines.append("\(seconds) \(code) \(text())")
    }

    /// What there is to note.
    enum Code: UInt64 {
        case fault = 1
        case pass, command, reply, connected, lost, sent, forked, ready, accepted, reported, died, killed, order, ended
        case worker, log
    }
}
