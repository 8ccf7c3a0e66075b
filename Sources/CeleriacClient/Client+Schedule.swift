import Celery
import Redis

/// What schedulers have left at a broker.
package struct ScheduleRecords: Sendable {
    /// The state of each entry, as text, by the entry's name.
    package var states: [String: String] = [:]
    /// Which scheduler has the lead; `nil` for none.
    package var leader: String?
}

extension Client {
    /// What is known of the schedule.
    package func scheduleRecords() async throws -> ScheduleRecords {
        let commands = [Command("HGETALL", self.keys.schedule), Command("GET", self.keys.scheduleLeader)]
        let answers = try await self.ask(commands, isRepeatable: true)
        let texts = (try answers[0].get().asArray ?? []).map { $0.asText ?? "" }
        var records = ScheduleRecords(leader: try answers[1].get().asText)
        for index in stride(from: 0, to: texts.count - 1, by: 2) { records.states[texts[index]] = texts[index + 1] }
        return records
    }
}
