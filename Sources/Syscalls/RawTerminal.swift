import CShims
import Glibc
import SystemPackage

/// A terminal whose keys come one by one and are not shown (`termios(3)`), with a screen of its own. All is as it was
/// before when this goes.
public struct RawTerminal: ~Copyable {
    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

    private var saved = termios()

    /// Takes the terminal on standard input and output. Throws `ENOTTY` when there is none.
    public init() throws(Errno) {
        try check(tcgetattr(0, &self.saved))
        var raw = self.saved
        cfmakeraw(&raw)
        try check(tcsetattr(0, TCSAFLUSH, &raw))
        Self.write(Self.enter)
    }

    deinit {
        Self.write(Self.leave)
        var saved = self.saved
        tcsetattr(0, TCSAFLUSH, &saved)
    }

    /// What was typed, waiting so long for the first of it; empty when nothing was, `nil` when the terminal is gone.
    public borrowing func typed(within time: Duration) -> [UInt8]? {
        guard isReadable(0, within: time) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(0, &bytes, bytes.count)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    /// Columns and rows; what a terminal has that does not tell, if unknown.
    public borrowing func size() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes lines from the upper left corner on, over what was there.
    public borrowing func show(_ lines: [(text: String, isInverse: Bool)]) {
        var text = "\u{1B}[H"
        for (index, line) in lines.enumerated() {
            if index > 0 { text += "\r\n" }
            text += (line.isInverse ? "\u{1B}[7m\(line.text)\u{1B}[0m" : line.text) + "\u{1B}[K"
        }
        Self.write(text + "\u{1B}[J")
    }

    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
