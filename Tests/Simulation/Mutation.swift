import Redis

/// A planted bug: the simulation must find each.
public enum Mutation: String, CaseIterable, Sendable {
    // In scripts
    /// An ending does not look at its tag.
    case noFence
    /// The tag goes, and nothing that was to happen with it.
    case endWithoutOutcome
    /// The outcome is stored, and the tag stays.
    case tagKept
    /// A message leaves its list and is not recorded under its tag.
    case popWithoutRecord
    /// What is due is taken out of the set, and not put on its list.
    case dueDropped
    /// What follows is published twice.
    case publishedTwice
    /// Recovery does not look at the sign of life.
    case recoveryWithoutLook
    /// Deliveries are not counted.
    case uncounted
    /// The epoch counts for nothing.
    case noEpoch
    /// A worker is forgotten while something of it is left.
    case forgottenTooEarly
    /// A dead letter is not kept.
    case deadLetterLost
    /// The end of a limited task wakes nobody, and neither does anybody else.
    case slotsNeverFree
    /// What a lost take brought is not found.
    case lostTakeForgotten
    /// What had ended and is back at a server that has forgotten it is not looked for.
    case neverLookedBack
    /// A take does not show life.
    case unseenTake
    /// A part of a chord that has failed does not return.
    case failedPartLost
    /// A chord is joined when one part is still missing.
    case joinedTooEarly

    // In the master
    /// A message that comes back from a child is dropped.
    case lostRedispatch
    /// A child with a process of an earlier task gets another one.
    case taintedChild
    /// What was in the pipe of a dead child is not read.
    case pipeDropped
    /// A child is killed, and lives.
    case toothlessLimits
    /// A fork that failed is not told of.
    case forkFailureIgnored

    /// The text of a script with the bug in it.
    func patch(_ text: String) -> String {
        guard let (old, new) = self.change else { return text }
        return text.replacing(old, with: new)
    }

    /// What stands in a script, and what stands there with the bug.
    var change: (old: String, new: String)? {
        switch self {
        case .noFence:
            (
                "local held = tag == '' or redis.call(isPlain and 'HDEL' or 'HEXISTS', unacked, tag) == 1 or taken ~= epoch",
                "redis.call(isPlain and 'HDEL' or 'HEXISTS', unacked, tag) local held = true"
            )
        case .endWithoutOutcome:
            (
                "local outcome = held and 1 or 0",
                "local outcome = held and 1 or 0 held = held and redis.call('HDEL', unacked, tag) == 0"
            )
        case .tagKept:
            ("redis.call(isPlain and 'HDEL' or 'HEXISTS', unacked, tag)", "redis.call('HEXISTS', unacked, tag)")
        case .popWithoutRecord: ("redis.call('HSET', unacked, unpack(entries))", "")
        case .dueDropped: ("redis.call('RPUSH', list, string.sub(member, colon + length + 1))", "")
        case .publishedTwice:
            (
                "if kind == 'push' then reply = redis.pcall('LPUSH', a, b)",
                "if kind == 'push' then reply = redis.pcall('LPUSH', a, b, b)"
            )
        case .recoveryWithoutLook:
            (
                "if kind == 'silent' then return redis.call('EXISTS', a) == 0 end",
                "if kind == 'silent' then return true end"
            )
        case .uncounted: ("redis.pcall('INCR', counts .. id)", "1")
        case .noEpoch: (" or taken ~= epoch", "")
        case .forgottenTooEarly: ("if #page[2] > 0 then return 0 end", "")
        case .deadLetterLost: ("reply = redis.pcall('HSET', dead, a, b)", "reply = 1")
        case .slotsNeverFree:
            ("local member = redis.call('LPOP',", "local member = nil and redis.call('LPOP',")
        case .failedPartLost:
            ("elseif kind == 'part' then", "elseif kind == 'part' and string.find(b, 'SUCCESS', 1, true) then")
        case .joinedTooEarly: ("if not size or count ~= size", "if not size or count + 1 < size")
        case .unseenTake: ("redis.call('SADD', workers, worker)", "redis.call('DEL', sign)")
        case .lostTakeForgotten, .neverLookedBack, .lostRedispatch, .taintedChild, .pipeDropped, .toothlessLimits,
            .forkFailureIgnored:
            nil
        }
    }

    /// What the server answers instead of carrying a command out.
    func answer(_ name: String, _ words: [[UInt8]], of worker: WorkerProcess) -> Reply? {
        switch (self, name) {
        case (.lostTakeForgotten, "HMGET"): .array(words.dropFirst(2).map { _ in .null })
        case (.lostTakeForgotten, "HSCAN"), (.neverLookedBack, "HSCAN"):
            words[4].starts(with: (worker.nameAtServer ?? "").utf8)
                ? .array([.bytes(Array("0".utf8)), .array([])]) : nil
        case (.recoveryWithoutLook, "EXISTS") where words.count == 2: .integer(0)
        default: nil
        }
    }
}
