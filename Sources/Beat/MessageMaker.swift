import Celery
import JSON
import Schedules
import Signing

/// Makes the messages of entries, as Celery's beat does.
public struct MessageMaker {
    /// The header by which Celery's beat tells that it sent a message.
    public static let beatHeader = "celery_beat_task"
    /// The header that names the entry, as django-celery-beat has it.
    public static let nameHeader = "periodic_task_name"

    /// Our own: the instant that the task is sent for, as ISO 8601 text in UTC.
    public static let dueHeader = "celeriac_due"

    private let origin: String
    private let signer: SigningKey?

    /// Makes messages that name their sender, `gen123@host`, and are signed if there is a key.
    public init(origin: String, signer: SigningKey?) {
        self.origin = origin
        self.signer = signer
    }

    /// The message of a firing for an instant, sent at a time. Throws ``BodyError`` for arguments that have no JSON form.
    public func message(
        _ entry: BeatEntry, due: WallInstant, id: String, deliveryTag: String, at time: WallInstant
    ) throws(BodyError) -> [UInt8] {
        var task = NewTask(
            task: entry.task, id: id, args: entry.arguments, kwargs: entry.keywords, routingKey: entry.queue)
        task.priority = entry.priority
        task.headers.origin = self.origin
        if let expires = entry.expires {
            task.headers.expires = WallTime(seconds: Double(time.milliseconds + expires) / 1_000)
            task.expiration = Int(expires)
        }
        task.headers.others[Self.beatHeader] = RawJSON(true)
        task.headers.others[Self.nameHeader] = RawJSON(entry.name)
        task.headers.others[Self.dueHeader] = RawJSON(due.description)
        var envelope = try task.envelope(deliveryTag: deliveryTag)
        self.signer?.sign(&envelope, now: Double(time.milliseconds) / 1_000)
        return envelope.serialized()
    }
}
