/// Every key that workers and clients touch at the broker, in one place; `docs/redis.md` has the table.
///
/// The keys of Celery's own transport keep their names, so that Python workers can share the queues. Ours begin with
/// `celeriac.`. The option `global_keyprefix` stands in front of all of them.
public struct BrokerKeys: Hashable, Sendable {
    /// Celery's `priority_steps`: a message's priority is rounded down to one of these.
    public static let prioritySteps = [0, 3, 6, 9]
    /// Celery's `sep`.
    public static let separator = "\u{6}\u{16}"

    /// Celery's `global_keyprefix`; empty for none.
    public let prefix: String

    /// The keys with a prefix.
    public init(prefix: String = "") { self.prefix = prefix }

    /// The list of a queue's messages of one priority.
    public func queue(_ name: String, priority: Int = 0) -> String {
        let step = Self.prioritySteps.last { $0 <= priority } ?? 0
        return step == 0 ? self.prefix + name : "\(self.prefix)\(name)\(Self.separator)\(step)"
    }

    /// Messages that were handed out and not acknowledged: a hash of delivery tag to `[message, exchange, routing key]`.
    public var unacked: String { self.prefix + "unacked" }
    /// When each of them was handed out or renewed: a sorted set of tags by seconds since 1970.
    public var unackedIndex: String { self.prefix + "unacked_index" }
    /// The queues bound to an exchange: a set of routing key, pattern and queue.
    public func bindings(of exchange: String) -> String { "\(self.prefix)_kombu.binding.\(exchange)" }
    /// The same for queues that do not expire, since Celery 5.7.
    public func permanentBindings(of exchange: String) -> String {
        "\(self.prefix)_kombu.binding_permanent.\(exchange)"
    }
    /// The channel of remote control, for a database.
    public func control(database: Int) -> String { "\(self.prefix)/\(database).celery.pidbox" }
    /// The channel of events of one kind, for a database: `task.multi`, `worker.heartbeat`.
    public func events(_ kind: String, database: Int) -> String { "\(self.prefix)/\(database).celeryev/\(kind)" }
    /// When the bindings of exchanges of queues that expire may go: a sorted set by milliseconds since 1970.
    public var bindingDeadlines: String { self.prefix + "_kombu.binding_deadlines" }
    /// Ids of tasks that were called off: a sorted set by the seconds since 1970 at which they are forgotten; expires.
    public var revoked: String { self.prefix + "celeriac.revoked" }
    /// Stamps that were revoked: a sorted set of `["name", value]`, as ``revoked``.
    public var revokedStamps: String { self.prefix + "celeriac.revoked_stamps" }

    /// Messages that are not due: a sorted set by seconds since 1970; see ``ScheduledMember``.
    public var scheduled: String { self.prefix + "celeriac.scheduled" }
    /// Dead letters: a hash of id to record.
    public var deadLetters: String { self.prefix + "celeriac.dead" }
    /// When each of them died: a sorted set of ids by seconds since 1970.
    public var deadIndex: String { self.prefix + "celeriac.dead_index" }
    /// Living workers: a set of their ids. One whose ``worker(_:)`` is gone is dead.
    public var workers: String { self.prefix + "celeriac.workers" }
    /// A worker's sign of life: a text about it, with an expiry.
    public func worker(_ id: String) -> String { "\(self.prefix)celeriac.worker.\(id)" }
    /// How often a message was handed out after it came back, by its task's id; expires.
    public var deliveries: String { self.prefix + "celeriac.deliveries." }
    /// When the next start of a limited task may be, in seconds since 1970; expires.
    public func rate(_ subject: String) -> String { "\(self.prefix)celeriac.rate.\(subject)" }
    /// The tags of a limited task's attempts that run: a sorted set by the end of their leases.
    public func slots(_ subject: String) -> String { "\(self.prefix)celeriac.slots.\(subject)" }
    /// The messages that wait for one of these: a list of ``ScheduledMember``s.
    public static func waiting(forSlots key: String) -> String { key + ":waiting" }
    /// For which slots messages wait, and how many there are: a hash.
    public var limited: String { self.prefix + "celeriac.limited" }
    /// Messages that have been given a time to start and come back for it: a sorted set of task id and try.
    public var admitted: String { self.prefix + "celeriac.admitted" }
    /// Which delivery has a signed message, or that the message has ended, by its signature; expires.
    public func signature(_ id: String) -> String { "\(self.prefix)celeriac.signature.\(id)" }
    /// What is known of each entry of the schedule: a hash of its name to its state.
    public var schedule: String { self.prefix + "celeriac.schedule" }
    /// Which scheduler has the lead; expires.
    public var scheduleLeader: String { self.prefix + "celeriac.schedule.leader" }
    /// That a task of an entry whose firings must not overlap has not ended, by the task's id; expires.
    public func scheduledTask(_ id: String) -> String { "\(self.prefix)celeriac.schedule.running.\(id)" }
    /// A random text that says which content of the database is meant: it changes when all keys are lost.
    public var epoch: String { self.prefix + "celeriac.epoch" }
}

/// A member of the set of scheduled messages: the list that the message goes to when it is due, and the message.
///
/// The list's name comes first, behind its length in decimal and a colon.
public enum ScheduledMember {
    /// The member for a message and the key of a list.
    public static func encode(_ message: ArraySlice<UInt8>, list: String) -> [UInt8] {
        Array("\(list.utf8.count):\(list)".utf8) + message
    }

    /// The list and the message of a member; `nil` for one of another form.
    public static func decode(_ member: ArraySlice<UInt8>) -> (list: String, message: ArraySlice<UInt8>)? {
        guard let colon = member.firstIndex(of: UInt8(ascii: ":")),
            let length = Int(String(decoding: member[..<colon], as: UTF8.self)),
            length >= 0, length <= member.endIndex - colon - 1
        else { return nil }
        let end = colon + 1 + length
        return (String(decoding: member[colon + 1..<end], as: UTF8.self), member[end...])
    }
}
