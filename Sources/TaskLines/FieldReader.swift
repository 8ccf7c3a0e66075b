import JSON
import Supervision

/// Reads an object whose keys are all known, each at most once.
struct FieldReader<Field: RawRepresentable<String>> {
    private var scanner: JSONScanner
    private let bytes: ArraySlice<UInt8>
    private let lineStart: Int
    private let fields: [Field]
    /// One bit for each of `fields`.
    private var seen: UInt32 = 0

    /// Steps into the object that `bytes` hold. Columns count from `lineStart`.
    init(_ bytes: ArraySlice<UInt8>, lineStart: Int, fields: [Field]) throws(TaskLineError) {
        self.scanner = JSONScanner(bytes)
        self.bytes = bytes
        self.lineStart = lineStart
        self.fields = fields
        do { try self.scanner.enterObject() } catch { throw self.error(error) }
    }

    /// The next field, `nil` after the last when nothing follows the object.
    mutating func next() throws(TaskLineError) -> (Field, FieldValue)? {
        guard let member = try self.nextMember() else { return nil }
        let name = member.key.string
        guard let position = self.fields.firstIndex(where: { $0.rawValue == name }) else {
            throw self.unknown(name, member.key)
        }
        let field = self.fields[position]
        guard self.seen & 1 << position == 0 else { throw self.error("\"\(name)\" is there twice", at: member.key.raw) }
        self.seen |= 1 << position
        return (field, FieldValue(name: field.rawValue, json: member.value, lineStart: self.lineStart))
    }

    /// An error about the object as a whole.
    func error(_ message: String) -> TaskLineError { self.error(message, at: self.bytes) }

    private mutating func nextMember() throws(TaskLineError) -> JSONScanner.Member? {
        do {
            if let member = try self.scanner.nextMember() { return member }
            try self.scanner.finish()
            return nil
        } catch {
            throw self.error(error)
        }
    }

    private func unknown(_ name: String, _ key: JSONText) -> TaskLineError {
        let names = self.fields.map(\.rawValue)
        let hint =
            nearestMatch(to: name, in: names).map { "did you mean \"\($0)\"?" }
            ?? "known are \(names.joined(separator: ", "))"
        return self.error("unknown field \"\(name.prefix(64))\"; \(hint)", at: key.raw)
    }

    private func error(_ message: String, at slice: ArraySlice<UInt8>) -> TaskLineError {
        TaskLineError(message: message, column: slice.startIndex - self.lineStart + 1)
    }

    private func error(_ error: JSONError) -> TaskLineError {
        let column = self.bytes.startIndex - self.lineStart + error.offset + 1
        let isWrongKind = error.code == .wrongKind
        return TaskLineError(
            message: isWrongKind ? "a task line must be an object" : "malformed JSON: \(error.code.rawValue)",
            column: column
        )
    }
}
