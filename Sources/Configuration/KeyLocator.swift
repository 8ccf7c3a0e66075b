/// Finds where the keys and values of a TOML document stand in its text.
///
/// The TOML library tells positions of syntax errors only. This walks the text beside it and leaves the checking to
/// it: it has to end on every text, and to be right on valid ones.
struct KeyLocator {
    /// Steps that a path can have. No setting needs more than five; a bound keeps deep texts off the stack.
    static let maximumDepth = 32

    /// One step from a table or an array to something in it.
    enum Step: Hashable {
        case key(String)
        case index(Int)
    }

    private var keys: [[Step]: SourcePosition] = [:]
    private var values: [[Step]: SourcePosition] = [:]
    private var tableCounts: [[Step]: Int] = [:]  // of arrays of tables (`[[name]]`)
    private var scanner: SourceScanner
    /// Where the first key or value stands that is deeper than ``maximumDepth``.
    private(set) var tooDeepPosition: SourcePosition?
    /// The first mistake at which the TOML library would end the process instead of reporting it.
    private(set) var fatalMistake: FatalMistake?
    private var itemStart = 0

    struct FatalMistake {
        let message: String
        let position: SourcePosition
        /// How many scalars come before the header or pair with the mistake.
        let itemStart: Int
    }

    init(_ text: String) {
        self.scanner = SourceScanner(text)
        var table: [Step] = []
        self.repeatUntilEnd { locator, next in
            locator.itemStart = locator.scanner.index
            if next == "[" { table = locator.readHeader() } else { locator.readPair(in: table) }
        }
    }

    /// Where the key at the end of this path stands first.
    func key(at path: [Step]) -> SourcePosition? { self.keys[path] }

    /// Where this path's value starts; for a table with a header, where the last part of the header's name does.
    func value(at path: [Step]) -> SourcePosition? { self.values[path] ?? self.keys[path] }

    /// Where the first string with an escaped NUL starts.
    var nulPosition: SourcePosition? { self.scanner.nulPosition }

    /// Reads items until the text, or with `close` the bracket that closes them, ends. Every round makes progress.
    private mutating func repeatUntilEnd(
        closedBy close: Unicode.Scalar? = nil,
        _ readItem: (inout KeyLocator, Unicode.Scalar) -> Void
    ) {
        self.scanner.skipLinesAndComments()
        while let next = self.scanner.next {
            if let close, self.scanner.skip(close) { return }
            let start = self.scanner.index
            readItem(&self, next)
            self.scanner.skipLinesAndComments()
            if close != nil, self.scanner.skip(",") { self.scanner.skipLinesAndComments() }
            if self.scanner.index == start { self.scanner.advance() }
        }
    }

    /// `[name.of.table]` or `[[name.of.array]]`; returns the path of the table that it opens.
    private mutating func readHeader() -> [Step] {
        self.scanner.skip("[")
        self.scanner.skipBlanks()
        let isArrayOfTables = self.scanner.skip("[")
        self.scanner.skipBlanks()
        if !self.scanner.isAtKey { self.noteFatalMistake("expected the table's name") }
        var path = self.readDottedKey(in: [], opensNewElement: isArrayOfTables)
        if isArrayOfTables {
            let count = self.tableCounts[path, default: 0]
            self.tableCounts[path] = count + 1
            path.append(.index(count))
            self.scanner.skip("]")
        }
        self.scanner.skip("]")
        return path
    }

    private mutating func readPair(in table: [Step]) {
        let path = self.readDottedKey(in: table, opensNewElement: true)
        self.scanner.skip("=")
        self.scanner.skipBlanks()
        self.readValue(at: path)
    }

    /// Reads `a."b".c` and notes where each part stands, unless an earlier line has named it.
    ///
    /// A part that names an array of tables means its last table, but not as the end of a `[[header]]`.
    private mutating func readDottedKey(in table: [Step], opensNewElement: Bool) -> [Step] {
        var path = table
        var isLast = false
        while !isLast {
            self.scanner.skipBlanks()
            let start = self.scanner.position
            let part = self.readKeyPart()
            if self.hasRoom(after: path, at: start) {
                path.append(.key(part))
                if self.keys[path] == nil { self.keys[path] = start }
            }
            self.scanner.skipBlanks()
            isLast = !self.scanner.skip(".")
            if let count = self.tableCounts[path], !(isLast && opensNewElement) { path.append(.index(count - 1)) }
        }
        return path
    }

    private mutating func readKeyPart() -> String {
        switch self.scanner.next {
        case "\"", "'": self.scanner.readString()
        default: self.scanner.advance(toAnyOf: [".", "=", "]", " ", "\t", "\r", "\n", "#", ",", "}"])
        }
    }

    private mutating func readValue(at path: [Step]) {
        let start = self.scanner.position
        self.values[path] = start
        switch self.scanner.next {
        case "\"", "'": _ = self.scanner.readString()
        case "[" where self.hasRoom(after: path, at: start): self.readArray(at: path)
        case "{" where self.hasRoom(after: path, at: start): self.readInlineTable(at: path)
        default: self.scanner.advance(toAnyOf: [",", "]", "}", "#", "\r", "\n"])
        }
    }

    private mutating func readArray(at path: [Step]) {
        self.scanner.skip("[")
        var index = 0
        self.repeatUntilEnd(closedBy: "]") { locator, _ in
            if !locator.scanner.isAtValue { locator.noteFatalMistake("expected a value or ']'") }
            locator.readValue(at: path + [.index(index)])
            index += 1
        }
    }

    private mutating func readInlineTable(at path: [Step]) {
        self.scanner.skip("{")
        self.repeatUntilEnd(closedBy: "}") { locator, _ in locator.readPair(in: path) }
    }

    /// Whether the path can have one more step.
    private mutating func hasRoom(after path: [Step], at position: SourcePosition) -> Bool {
        if path.count < KeyLocator.maximumDepth { return true }
        self.tooDeepPosition = self.tooDeepPosition ?? position
        return false
    }

    private mutating func noteFatalMistake(_ message: String) {
        guard self.fatalMistake == nil else { return }
        self.fatalMistake = FatalMistake(message: message, position: self.scanner.position, itemStart: self.itemStart)
    }
}
