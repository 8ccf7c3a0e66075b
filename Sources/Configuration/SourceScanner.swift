/// Steps through a TOML text scalar by scalar and knows its line and column.
struct SourceScanner {
    private let scalars: [Unicode.Scalar]
    private(set) var index: Int
    private(set) var position = SourcePosition(line: 1, column: 1)
    /// Where the first string with an escaped NUL (`\u0000`) starts.
    private(set) var nulPosition: SourcePosition?

    init(_ text: String) {
        self.scalars = Array(text.unicodeScalars)
        self.index = self.scalars.first == "\u{FEFF}" ? 1 : 0  // A byte order mark has no width.
    }

    /// The scalar that comes next; `nil` at the end.
    var next: Unicode.Scalar? { self.peek(0) }

    /// Whether a key can start here: a letter, a digit, `_`, `-` or a quote comes next.
    var isAtKey: Bool {
        guard let next = self.next else { return false }
        return switch next {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "\"", "'": true
        default: false
        }
    }

    /// Whether a value can start here.
    var isAtValue: Bool {
        self.isAtKey || self.next == "[" || self.next == "{" || self.next == "+" || self.next == "."
    }

    private func peek(_ offset: Int) -> Unicode.Scalar? {
        self.index + offset < self.scalars.count ? self.scalars[self.index + offset] : nil
    }

    @discardableResult
    mutating func advance() -> Unicode.Scalar? {
        guard let scalar = self.next else { return nil }
        self.index += 1
        if scalar == "\n" {
            self.position = SourcePosition(line: self.position.line + 1, column: 1)
        } else {
            self.position.column += 1
        }
        return scalar
    }

    /// Steps over `scalar` when it comes next.
    @discardableResult
    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard self.next == scalar else { return false }
        self.advance()
        return true
    }

    /// Steps over scalars until one that is in `stops`, or the end. Returns what it passed.
    @discardableResult
    mutating func advance(toAnyOf stops: Set<Unicode.Scalar>) -> String {
        let start = self.index
        while let scalar = self.next, !stops.contains(scalar) { self.advance() }
        return self.text(from: start, to: self.index)
    }

    /// Steps over spaces and tabs.
    mutating func skipBlanks() {
        while self.next == " " || self.next == "\t" { self.advance() }
    }

    /// Steps over spaces, tabs, line ends and comments.
    mutating func skipLinesAndComments() {
        while let scalar = self.next {
            switch scalar {
            case " ", "\t", "\r", "\n": self.advance()
            case "#": self.advance(toAnyOf: ["\n"])
            default: return
            }
        }
    }

    private func text(from start: Int, to end: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: self.scalars[start..<end])
        return String(text)
    }
}

extension SourceScanner {
    /// Reads the string that starts here, in any of TOML's four forms, and returns what it stands for.
    mutating func readString() -> String {
        let start = self.position
        guard let quote = self.advance() else { return "" }
        let isMultiline = self.peek(0) == quote && self.peek(1) == quote
        if isMultiline {
            self.advance()
            self.advance()
        }
        var content = String.UnicodeScalarView()
        while let scalar = self.advance() {
            if scalar == quote, self.closes(isMultiline, quote) { break }
            if scalar == "\\", quote == "\"" {
                guard let escaped = self.readEscape() else { continue }
                content.append(escaped)
                if escaped == "\0", self.nulPosition == nil { self.nulPosition = start }
            } else {
                content.append(scalar)
            }
        }
        return String(content)
    }

    /// Whether the quote just read ends its string; steps over the rest of the end.
    private mutating func closes(_ isMultiline: Bool, _ quote: Unicode.Scalar) -> Bool {
        guard isMultiline else { return true }
        guard self.peek(0) == quote, self.peek(1) == quote else { return false }
        // A multi-line string may end in one or two quotes of its own: the last three of five close it.
        for _ in 0..<4 where self.next == quote { self.advance() }
        return true
    }

    /// The scalar that the escape after a backslash stands for; `nil` for a backslash at a line's end.
    private mutating func readEscape() -> Unicode.Scalar? {
        guard let letter = self.advance() else { return nil }
        switch letter {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "e": return "\u{1B}"
        case "x": return self.readHexadecimal(digits: 2)
        case "u": return self.readHexadecimal(digits: 4)
        case "U": return self.readHexadecimal(digits: 8)
        case "\"", "\\": return letter
        default: return nil
        }
    }

    private mutating func readHexadecimal(digits: Int) -> Unicode.Scalar? {
        let start = self.index
        for _ in 0..<digits where self.next?.properties.isASCIIHexDigit == true { self.advance() }
        return UInt32(self.text(from: start, to: self.index), radix: 16).flatMap(Unicode.Scalar.init)
    }
}
