import TOMLKit

/// A value, and where somebody wrote it.
struct Node {
    enum Value {
        case table([Entry])
        case array([Node])
        case string(String)
        case integer(Int)
        case boolean(Bool)
        case float(Double)
        /// A type that no setting has, by its name: a date.
        case other(String)
    }

    struct Entry {
        let key: String
        let keySource: SettingSource
        let node: Node
    }

    let value: Value
    let source: SettingSource

    /// The value's type, for error messages: `the integer 30`.
    var typeDescription: String {
        switch self.value {
        case .table: "a table"
        case .array: "an array"
        case .string(let text): "the string \(quoted(text))"
        case .integer(let number): "the integer \(number)"
        case .boolean(let value): "the boolean \(value)"
        case .float(let number): number.isFinite ? "a floating-point number" : "\(number)"
        case .other(let name): "a \(name)"
        }
    }
}

/// Turns a TOML text into nodes.
struct Document {
    /// The text's tables and values, each table's entries in the order of the text.
    let entries: [Node.Entry]

    init(name: String, text: String) throws(ConfigurationError) {
        func failure(_ message: String, _ position: SourcePosition) -> ConfigurationError {
            ConfigurationError(code: .syntax, message: message, source: .file(name: name, position))
        }
        // The TOML library reads C strings: a NUL would end them early, and hide what follows.
        if let nul = text.unicodeScalars.firstIndex(of: "\0") {
            var scanner = SourceScanner(String(text[..<nul]))
            scanner.advance(toAnyOf: [])
            throw failure("NUL character", scanner.position)
        }
        let locator = KeyLocator(text)
        if let position = locator.tooDeepPosition { throw failure("nested too deeply", position) }
        if let mistake = locator.fatalMistake {
            // What comes before may have a mistake of its own; then that is the one to report.
            try Document.parse(String(text.unicodeScalars.prefix(mistake.itemStart)), name: name).clear()
            throw failure(mistake.message, mistake.position)
        }
        let root = try Document.parse(text, name: name)
        defer { root.clear() }  // The library never frees a table; this frees what is in it.
        if let position = locator.nulPosition { throw failure("string with a NUL character", position) }
        self.entries = NodeConverter(name: name, locator: locator).entries(of: root, at: [])
    }

    private static func parse(_ text: String, name: String) throws(ConfigurationError) -> TOMLTable {
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let position = SourcePosition(line: error.source.begin.line, column: error.source.begin.column)
            throw ConfigurationError(
                code: .syntax,
                message: error.description,
                source: .file(name: name, position)
            )
        } catch {
            preconditionFailure("TOMLTable(string:) throws TOMLParseError only.")
        }
    }
}

/// Gives the library's values their places.
private struct NodeConverter {
    let name: String
    let locator: KeyLocator

    func entries(of table: TOMLTable, at path: [KeyLocator.Step]) -> [Node.Entry] {
        let placed = table.map { key, value in
            let path = path + [.key(key)]
            let position = self.locator.key(at: path) ?? SourcePosition(line: 1, column: 1)
            let entry = Node.Entry(
                key: key,
                keySource: self.source(position),
                node: self.node(value, at: path, orAt: position)
            )
            return (position, entry)
        }
        return placed.sorted { $0.0 < $1.0 }.map { $0.1 }
    }

    private func node(
        _ value: some TOMLValueConvertible,
        at path: [KeyLocator.Step],
        orAt fallback: SourcePosition
    ) -> Node {
        let position = self.locator.value(at: path) ?? fallback
        return Node(value: self.value(value, at: path, orAt: position), source: self.source(position))
    }

    private func value(
        _ value: some TOMLValueConvertible,
        at path: [KeyLocator.Step],
        orAt position: SourcePosition
    ) -> Node.Value {
        if let table = value.table { return .table(self.entries(of: table, at: path)) }
        if let array = value.array {
            return .array(array.enumerated().map { self.node($1, at: path + [.index($0)], orAt: position) })
        }
        if let text = value.string { return .string(text) }
        if let number = value.int { return .integer(number) }
        if let boolean = value.bool { return .boolean(boolean) }
        if let number = value.double { return .float(number) }
        return .other(value.type.description)
    }

    private func source(_ position: SourcePosition) -> SettingSource { .file(name: self.name, position) }
}
