import Schedules

extension SettingKey {
    /// What only a `[schedule]` section has; notes the wrong type of anything else.
    func parseScheduleValue(_ node: Node, _ problems: inout Problems) -> SettingValue? {
        switch (self.kind, node.value) {
        case (.priority, .integer(let number)): return .count(number)
        case (.zone, .string(let text)): return .text(text)
        case (.values, .array), (.namedValues, .table): return node.json(of: self.name, &problems).map { .json($0) }
        case (.crontab, .string(let line)):
            return self.parseCrontab(at: node.source, &problems) { () throws(CrontabError) in try Crontab(line: line) }
        case (.crontab, .table(let entries)): return self.parseCrontab(entries, at: node.source, &problems)
        default:
            problems.add(.wrongType, self.complaint(about: node), at: node.source)
            return nil
        }
    }

    private func parseCrontab(
        _ entries: [Node.Entry], at source: SettingSource, _ problems: inout Problems
    ) -> SettingValue? {
        var fields: [String: String] = [:]
        for entry in entries {
            guard let text = Self.field(entry, &problems) else { return nil }
            fields[entry.key] = text
        }
        let complete = fields
        return self.parseCrontab(at: source, &problems) { () throws(CrontabError) in try Crontab(fields: complete) }
    }

    private func parseCrontab(
        at source: SettingSource, _ problems: inout Problems, _ make: () throws(CrontabError) -> Crontab
    ) -> SettingValue? {
        do throws(CrontabError) { return .crontab(try make()) } catch {
            problems.add(.invalidValue, "'\(self.name)': \(error)", at: source)
            return nil
        }
    }

    /// A field of a crontab: its text, an integer or an array of integers.
    private static func field(_ entry: Node.Entry, _ problems: inout Problems) -> String? {
        let names = CrontabField.all.map(\.name)
        guard names.contains(entry.key) else {
            let hint = suggestion(for: entry.key, among: names)
            problems.add(.unknownKey, "a crontab has no field '\(entry.key)'\(hint)", at: entry.keySource)
            return nil
        }
        switch entry.node.value {
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .array(let elements):
            let numbers = elements.compactMap { if case .integer(let number) = $0.value { "\(number)" } else { nil } }
            if numbers.count == elements.count { return numbers.joined(separator: ",") }
        default: break
        }
        problems.add(
            .wrongType,
            "'\(entry.key)' must be a text, an integer or an array of integers, not "
                + entry.node.typeDescription, at: entry.node.source)
        return nil
    }
}
