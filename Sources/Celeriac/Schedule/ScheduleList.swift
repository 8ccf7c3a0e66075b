import Beat
import CeleriacClient
import JSON
import Schedules

/// The schedule as the configuration has it, with what the broker knows of it.
struct ScheduleList {
    private struct Row {
        let name: String
        let configured: ConfiguredEntry?
        let state: EntryState?

        /// When it is due next; `nil` when it is not, or when no scheduler has seen it.
        var next: WallInstant? {
            guard let configured, configured.isEnabled, let state, state.definition == configured.entry.definition
            else { return nil }
            return configured.entry.schedule.next(after: WallInstant(milliseconds: state.due))
        }

        var status: String {
            guard let configured else { return "removed" }
            if !configured.isEnabled { return "disabled" }
            return self.next == nil ? "new" : "active"
        }

        var sent: WallInstant? { self.state?.sent.map { WallInstant(milliseconds: $0) } }
    }

    private let rows: [Row]
    private let leader: String?

    init(_ entries: [ConfiguredEntry], _ records: ScheduleRecords) {
        let states = records.states.mapValues { EntryState(text: $0) }
        let known = Set(entries.map(\.entry.name))
        let removed = states.keys.filter { !known.contains($0) }.sorted()
        self.rows =
            entries.map { Row(name: $0.entry.name, configured: $0, state: states[$0.entry.name] ?? nil) }
            + removed.map { Row(name: $0, configured: nil, state: states[$0] ?? nil) }
        self.leader = records.leader
    }

    /// A table for people.
    var text: String {
        var table = TextTable(
            ["entry", "task", "schedule", "status", "last sent", "next due", "runs", "skipped"], rightAligned: [6, 7])
        for row in self.rows {
            let entry = row.configured?.entry
            let cells = [
                row.name, entry?.task ?? "-", entry?.schedule.text ?? "-", row.status, row.sent?.description ?? "-",
                row.next?.description ?? "-", "\(row.state?.runs ?? 0)", "\(row.state?.skipped ?? 0)",
            ]
            table.add(cells.map { terminalText($0) })
        }
        return "\(table.text)\n\nleader \(terminalText(self.leader ?? "none"))"
    }

    var json: JSONValue {
        let entries = self.rows.map { row -> JSONValue in
            let entry = row.configured?.entry
            return [
                "name": .string(row.name), "task": Self.text(entry?.task), "schedule": Self.text(entry?.schedule.text),
                "status": .string(row.status), "last_sent": Self.text(row.sent?.description),
                "next_due": Self.text(row.next?.description), "runs": .number(JSONNumber(row.state?.runs ?? 0)),
                "skipped": .number(JSONNumber(row.state?.skipped ?? 0)), "task_id": Self.text(row.state?.taskID),
            ]
        }
        return ["entries": .array(entries), "leader": Self.text(self.leader)]
    }

    private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
