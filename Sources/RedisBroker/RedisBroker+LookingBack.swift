import Celery
import Redis

/// Duty 4: what had ended here and has not.
///
/// A replica that becomes the master may not have heard of the last endings: their deliveries are back, under tags of a
/// worker that lives and knows nothing of them. Nobody else looks for those, so each worker looks for its own whenever it
/// has a new connection. That the tag is back says that the outcome is not: the message runs again.
extension RedisBroker {
    /// Where the look is.
    enum LookingBack: Equatable {
        /// Nothing of ours is at the server that is not known here. → wanted
        case done
        /// There is a new connection. → underWay
        case wanted
        /// A question is under way. → done, wanted
        case underWay
    }

    /// Begins to look, if there is something to look for.
    func lookBack() {
        guard self.lookingBack == .wanted else { return }
        self.lookingBack = .underWay
        self.lookBack(cursor: "0")
    }

    private func lookBack(cursor: String) {
        let command = Command(
            "HSCAN", self.keys.unacked, cursor, "MATCH", "\(self.tagPrefix)*", "COUNT", "1000")
        self.commands.send(command) { [unowned self] answer in
            guard case .success(.array(let parts)) = answer, parts.count == 2, let next = parts[0].asText else {
                return self.lookingBack = .wanted
            }
            let pairs = parts[1].asArray ?? []
            for index in stride(from: 0, to: pairs.count - 1, by: 2) {
                self.cameBack(tag: pairs[index], entry: pairs[index + 1])
            }
            if next == "0" { self.lookingBack = .done } else { self.lookBack(cursor: next) }
        }
    }

    /// What was taken or ended on this connection before the server answered has been answered before, too: here every
    /// tag is known that should be.
    private func cameBack(tag: Reply, entry: Reply) {
        guard let tag = tag.asText, let number = UInt64(tag.dropFirst(self.tagPrefix.count)),
            case .bytes(let bytes) = entry, !self.isSettling(number)
        else { return }
        guard let message = self.held[number] else {
            guard let (message, queue) = UnackedText.split(bytes[...]) else { return }
            return self.putBack(message, tag: tag, queue: queue)
        }
        if message.isAcknowledged { self.queue(Settlement(tag: tag, epoch: self.epoch)) }
    }
}
