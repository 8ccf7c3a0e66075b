extension Node {
    /// The value as JSON text, for arguments of tasks. Notes what JSON has no form for, and returns `nil` then.
    func json(of key: String, _ problems: inout Problems) -> String? {
        switch self.value {
        case .string(let text): return quoted(text)
        case .integer(let number): return "\(number)"
        case .boolean(let value): return "\(value)"
        case .float(let number) where number.isFinite: return "\(number)"
        case .array(let elements):
            let texts = elements.map { $0.json(of: key, &problems) }
            return texts.contains(nil) ? nil : "[\(texts.compactMap { $0 }.joined(separator: ", "))]"
        case .table(let entries):
            let texts = entries.map { entry in
                entry.node.json(of: key, &problems).map { "\(quoted(entry.key)): \($0)" }
            }
            return texts.contains(nil) ? nil : "{\(texts.compactMap { $0 }.joined(separator: ", "))}"
        case .float, .other:
            problems.add(
                .wrongType, "'\(key)' can have what JSON has, and not \(self.typeDescription)", at: self.source)
            return nil
        }
    }
}
