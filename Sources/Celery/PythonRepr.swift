/// Writes values as Python's `repr` would, cut to a length and a depth, for logs and events.
public struct PythonRepr {
    /// Characters that may still be written.
    private var left: Int
    private var text = ""
    private var isCut = false
    private static let maxDepth = 3

    /// Positional arguments as a tuple, keyword arguments as a dictionary. Celery's own limit is 1024 characters.
    static func text(args: [CeleryValue], maxLength: Int = 1024) -> String {
        var writer = PythonRepr(left: maxLength)
        let end = args.count == 1 ? ",)" : ")"
        writer.container("(", end, depth: 0, args) { $0.write($1, depth: 1) }
        return writer.text
    }

    static func text(kwargs: CeleryObject, maxLength: Int = 1024) -> String {
        var writer = PythonRepr(left: maxLength)
        writer.write(.object(kwargs), depth: 0)
        return writer.text
    }

    /// A value by itself.
    public static func text(of value: CeleryValue, maxLength: Int = 1024) -> String {
        var writer = PythonRepr(left: maxLength)
        writer.write(value, depth: 0)
        return writer.text
    }

    /// An error as the call that makes it.
    static func text(of failure: TaskFailure, maxLength: Int = 1024) -> String {
        var writer = PythonRepr(left: maxLength)
        writer.container(failure.type + "(", ")", depth: 0, failure.arguments) { $0.write($1, depth: 1) }
        return writer.text
    }

    private init(left: Int) { self.left = left }

    private mutating func write(_ value: CeleryValue, depth: Int) {
        switch value {
        case .null: self.token("None")
        case .bool(let bool): self.token(bool ? "True" : "False")
        case .number(let number): self.token(number.description)
        case .notFinite(let word): self.token(word.pythonName)
        case .string(let string): self.token(string, mark: Self.quote)
        case .bytes(let bytes): self.token(Self.text(of: bytes)) { "b'\($0)'" }
        case .special(let special): self.token("\(special.kind.pythonName)('\(special.text)')")
        case .extended(let code, let bytes): self.token("ExtType(code=\(code), data=b'\(Self.text(of: bytes))')")
        case .array(let elements):
            self.container("[", "]", depth: depth, elements) { $0.write($1, depth: depth + 1) }
        case .object(let object):
            self.container("{", "}", depth: depth, object.members) { writer, member in
                writer.token(member.key, mark: Self.quote)
                writer.literal(": ")
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func container<Element>(
        _ start: String,
        _ end: String,
        depth: Int,
        _ elements: [Element],
        write: (inout PythonRepr, Element) -> Void
    ) {
        guard depth < Self.maxDepth else {
            self.literal(start + "..." + end)
            return
        }
        guard self.literal(start) else { return }
        for (index, element) in elements.enumerated() where !self.isCut {
            if index > 0 { self.literal(", ") }
            write(&self, element)
        }
        // What was opened is closed, whether there is room or not.
        self.text += end
        self.left -= end.utf8.count
    }

    /// Appends a whole piece unless there is no room left, and returns whether it did.
    @discardableResult
    private mutating func literal(_ piece: String) -> Bool {
        guard self.hasRoom() else { return false }
        self.text += piece
        self.left -= piece.utf8.count
        return true
    }

    /// Appends what fits of a text, with the marks around it that say what it is.
    private mutating func token(_ text: String, mark: (String) -> String = { $0 }) {
        guard self.hasRoom() else { return }
        let piece = mark(Self.cut(text, to: self.left))
        self.text += piece
        self.left -= piece.unicodeScalars.count
    }

    /// Whether there is room. The first time that there is none, says so in the text.
    private mutating func hasRoom() -> Bool {
        guard !self.isCut else { return false }
        if self.left > 0 { return true }
        self.text += ", ..."
        self.isCut = true
        return false
    }

    private static func quote(_ string: String) -> String { "'" + string.replacing("'", with: "\\'") + "'" }

    /// The text, or its beginning up to a blank when it is not shorter than `length`.
    private static func cut(_ text: String, to length: Int) -> String {
        let scalars = text.unicodeScalars.prefix(length)
        guard scalars.count == length else { return text }
        let end = scalars.lastIndex(of: " ") ?? scalars.endIndex
        return String(text.unicodeScalars[..<end]) + "..."
    }

    private static func text(of bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return String(decoding: bytes.flatMap { [hexDigit($0 >> 4), hexDigit($0 & 15)] }, as: UTF8.self)
    }
}

extension CeleryValue.NotFinite {
    /// What Python's `repr` writes.
    fileprivate var pythonName: String {
        switch self {
        case .nan: "nan"
        case .infinity: "inf"
        case .negativeInfinity: "-inf"
        }
    }
}

extension SpecialValue.Kind {
    /// The name of the class.
    fileprivate var pythonName: String {
        switch self {
        case .datetime, .date, .time: "datetime.\(self.rawValue)"
        case .decimal: "Decimal"
        case .uuid: "UUID"
        }
    }
}
