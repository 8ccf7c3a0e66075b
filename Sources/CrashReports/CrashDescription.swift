/// A crash in words: what went wrong, and where, with names and lines.
public struct CrashDescription: Equatable, Sendable {
    /// One function that was running.
    public struct Frame: Equatable, Sendable {
        /// The demangled name, or nil when the program carries none.
        public var function: String?
        /// The path of the source file as it was compiled, or nil when the program carries no line numbers.
        public var file: String?
        /// The line in ``file``, from 1; 0 for code that the compiler made.
        public var line: Int
        /// The column in ``line``, from 1; 0 when unknown.
        public var column: Int
        /// The name of the program or library, or nil when the address is in none.
        public var image: String?
        /// Where the code is, counted from the beginning of ``image``; absolute when that is nil.
        public var address: UInt64
        /// Whether the function was inlined into the next one.
        public var isInlined: Bool
        /// Whether this is not a function but the compiler's note of why it trapped.
        public var isRuntimeFailure: Bool
    }

    /// The most frames in a description.
    public static let longestBacktrace = innermostFrames + outermostFrames
    private static let innermostFrames = 24
    private static let outermostFrames = 8

    /// The name of the signal, such as `SIGILL`.
    public var signal: String
    /// Why, as far as it is known: the words of the Swift runtime or of the compiler, else what the signal tells.
    public var message: String?
    /// Innermost first, from the program's first known line to its last. At most ``longestBacktrace``.
    public var frames: [Frame]
    /// How many frames are missing, from the middle of a deep stack.
    public var omittedFrames: Int
}

extension CrashDescription {
    /// Keeps of all frames what helps the author of the program.
    init(_ record: CrashRecord, frames: [Frame]) {
        let functions = Array(frames.drop(while: \.isRuntimeFailure))
        // Around the first and the last known line are the standard library and the system.
        let own = functions.drop { !$0.hasLine }.droppingLast { !$0.hasLine }
        let place = own.isEmpty || own.startIndex == 0 ? nil : functions[0].function.map(Self.trapOf)
        let shown = own.isEmpty ? functions[...] : own
        let omitted = max(0, shown.count - Self.longestBacktrace)

        self.signal = Signal(number: record.signal).name
        self.message = record.words ?? Self.join(frames.first?.runtimeFailure ?? record.cause, place)
        self.frames =
            omitted == 0 ? Array(shown) : shown.prefix(Self.innermostFrames) + shown.suffix(Self.outermostFrames)
        self.omittedFrames = record.omittedAddresses + omitted
    }

    /// What a function of the standard library traps for, where it has but one reason.
    private static func trapOf(_ function: String) -> String {
        let indexes = ["Array.subscript", "ArraySlice.subscript", "ContiguousArray.subscript", "Array._checkSubscript"]
        return indexes.contains(where: function.contains) ? "\(function) (index out of range)" : function
    }

    private static func join(_ cause: String?, _ place: String?) -> String? {
        let parts = [cause, place.map { "in \($0)" }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}

extension CrashDescription.Frame {
    fileprivate var hasLine: Bool { self.file != nil && self.line > 0 }

    /// Why the compiler made the code trap, as in "arithmetic overflow".
    fileprivate var runtimeFailure: String? {
        guard self.isRuntimeFailure, let function, let colon = function.firstIndex(of: ":") else { return nil }
        return String(function[colon...].dropFirst(2))
    }
}

extension RandomAccessCollection {
    fileprivate func droppingLast(while matches: (Element) -> Bool) -> SubSequence {
        self.prefix(self.count - self.reversed().prefix(while: matches).count)
    }
}

extension CrashDescription: CustomStringConvertible {
    /// A line for the cause, then one for each frame.
    public var description: String {
        var lines = [self.message.map { "\(self.signal): \($0)" } ?? self.signal]
        lines += self.frames.map { "  at \($0)" }
        if self.omittedFrames > 0 {
            let gap = min(self.frames.count, Self.innermostFrames)
            lines.insert("  … \(self.omittedFrames) frames …", at: 1 + gap)
        }
        return lines.joined(separator: "\n")
    }
}

extension CrashDescription.Frame: CustomStringConvertible {
    /// The function and its line, or else its image, as in `resize(_:) (Sources/Images/Resize.swift:12:7)`.
    public var description: String {
        let function = self.function ?? "0x" + String(self.address, radix: 16)
        if self.hasLine, let file { return "\(function) (\(file):\(self.line):\(self.column))" }
        return self.image.map { "\(function) (\($0))" } ?? function
    }
}
