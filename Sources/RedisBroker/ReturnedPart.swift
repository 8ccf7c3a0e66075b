import Celery
import Redis

/// A part of a chord on its way to the result backend.
struct ReturnedPart {
    /// The chord's key.
    var chord: String
    /// The task's id.
    var taskID: ArraySlice<UInt8>
    /// What the result backend keeps of it.
    var value: [UInt8]
    /// Its place among the results.
    var score: String
    /// How long the chord's keys are kept; 0 for ever.
    var seconds: Int
    /// Who has the claim to join when this part is the last: the id of the message below.
    var token: String
    /// The list that the message goes to.
    var list: String
    /// The message that asks for the join.
    var join: ArraySlice<UInt8>

    /// Two effects for the script, which takes three arguments for each.
    func write(to command: inout Command) {
        command.add("joiner")
        command.add(self.list)
        command.add(self.join)
        command.add(self.taskID)
        command.add("part")
        command.add(self.chord)
        command.add(self.value)
        command.add("\(self.score) \(self.seconds) \(self.token)")
    }

    /// What the broker is to do when the result backend is another server, which has answered this.
    func effect(_ answer: String, now: Double) -> Settlement.Effect? {
        if answer == "join" { return .pushFront(list: self.list, message: self.join) }
        guard let milliseconds = Double(answer) else { return nil }
        return .schedule(
            at: now + 1 + milliseconds / 1_000, member: ScheduledMember.encode(self.join, list: self.list))
    }
}
