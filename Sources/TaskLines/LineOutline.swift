import JSON
import Supervision

/// Reads a task line that is too large for memory, piece by piece.
///
/// Keeps the line without its arguments: `[]` and `{}` stand for them, and where they lie is remembered. What is kept is
/// then a task line like any other. An error is final; the rest of the line need not be fed.
public struct LineOutline: Sendable {
    /// What stands beside the arguments has at most so many bytes.
    private static let mostBytes = 64 << 10

    /// A line that was understood.
    public struct Parts: Sendable {
        /// The line with empty arguments where ``args`` and ``kwargs`` say where they are; `nil` when it is blank.
        public let line: TaskLine?
        /// Where the positional arguments lie in the line.
        public let args: Range<Int>?
        /// Where the keyword arguments lie in the line.
        public let kwargs: Range<Int>?
    }

    private var scanner = JSONStreamScanner()
    private var kept: [UInt8] = []
    /// Where bytes were left out: the place in `kept`, and how many bytes of the line are left out up to it.
    private var cuts: [(place: Int, total: Int)] = []
    private var open: ArgumentField?
    private var start = 0
    private var fed = 0
    private var ranges: [ArgumentField: Range<Int>] = [:]

    /// An outline of nothing yet.
    public init() {}

    /// Takes the next bytes of the line.
    public mutating func feed(_ piece: ArraySlice<UInt8>) throws(TaskLineError) {
        self.fed += piece.count
        var scanner = self.scanner
        do {
            try piece.withUnsafeBufferPointer { bytes throws(JSONError) in
                try scanner.feed(bytes) { self.take($0) }
            }
        } catch {
            throw Self.malformed(error)
        }
        self.scanner = scanner
        try self.checkRoot()
        guard self.kept.count <= Self.mostBytes else {
            let message = "what stands beside \"args\" and \"kwargs\" has more than 64 KiB"
            throw TaskLineError(message: message, column: self.column(self.kept.count))
        }
    }

    private func checkRoot() throws(TaskLineError) {
        if let first = self.kept.first, first != UInt8(ascii: "{") { throw self.noObject }
    }

    private var noObject: TaskLineError {
        TaskLineError(message: "a task line must be an object", column: self.column(0))
    }

    /// The line is over. Throws what ``TaskLine/init(parsing:)`` throws, with columns of the whole line.
    public mutating func finish() throws(TaskLineError) -> Parts {
        var scanner = self.scanner
        do {
            try scanner.finish { self.take($0) }
        } catch {
            if self.isBlank { return Parts(line: nil, args: nil, kwargs: nil) }
            if self.kept.isEmpty { throw self.noObject }
            throw Self.malformed(error)
        }
        try self.checkRoot()
        do {
            let line = try TaskLine(parsing: self.kept[...])
            return Parts(line: line, args: self.ranges[.args], kwargs: self.ranges[.kwargs])
        } catch {
            throw TaskLineError(message: error.message, column: self.column(error.column - 1))
        }
    }

    private var isBlank: Bool { self.kept.isEmpty && self.cuts.last?.total ?? 0 == self.fed }

    private mutating func take(_ token: JSONStreamScanner.Token) {
        switch token.kind {
        case .open where token.depth == 2 && self.open == nil:
            self.keep(token)
            self.open = ArgumentField.allCases.first { self.kept.dropLast().hasSuffix($0.key) }
            self.start = token.offset
        case .close where token.depth == 2:
            if let open { self.ranges[open] = self.start..<token.offset + 1 }
            self.open = nil
            self.keep(token)
        case .space where token.depth < 2: self.cut(token)
        default: if self.open == nil { self.keep(token) } else { self.cut(token) }
        }
    }

    /// More than the limit is not kept, but only found out after the piece.
    private mutating func keep(_ token: JSONStreamScanner.Token) {
        if self.kept.count <= Self.mostBytes { self.kept += token.bytes.prefix(Self.mostBytes + 1) }
    }

    private mutating func cut(_ token: JSONStreamScanner.Token) {
        let total = (self.cuts.last?.total ?? 0) + token.bytes.count
        if let last = self.cuts.last, last.place == self.kept.count { self.cuts.removeLast() }
        self.cuts.append((self.kept.count, total))
    }

    /// The column in the line of a byte that was kept, counted from 1.
    private func column(_ place: Int) -> Int {
        place + 1 + (self.cuts.last { $0.place <= place }?.total ?? 0)
    }

    private static func malformed(_ error: JSONError) -> TaskLineError {
        TaskLineError(message: "malformed JSON: \(error.code.rawValue)", column: error.offset + 1)
    }
}

/// The fields whose values are left out.
private enum ArgumentField: CaseIterable {
    case args
    case kwargs

    /// How the field's name ends, up to its value. A quote before the name opens it: one in it would be escaped.
    var key: [UInt8] {
        switch self {
        case .args: Array(#""args":"#.utf8)
        case .kwargs: Array(#""kwargs":"#.utf8)
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether this ends with a name that is not the end of a longer one.
    fileprivate func hasSuffix(_ key: [UInt8]) -> Bool {
        self.suffix(key.count).elementsEqual(key) && self.dropLast(key.count).last != UInt8(ascii: "\\")
    }
}
