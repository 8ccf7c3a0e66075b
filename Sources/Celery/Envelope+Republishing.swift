import JSON

// The body's bytes stay as they are: who publishes again need not open it.
extension Envelope {
    /// The name of the header that counts lost children: ours, not Celery's.
    private static let lossesHeader = "celeriac_losses"

    /// How many children were lost while they ran the task.
    public var losses: Int { max(0, self.headers[Self.lossesHeader]?.integer ?? 0) }

    /// The message as it is given back to its queue: marked as handed out before, with its losses if there are any.
    public func returned(losses: Int) -> Envelope {
        var envelope = self
        envelope.markRedelivered()
        envelope.headers[Self.lossesHeader] = losses > 0 ? RawJSON(losses) : nil
        return envelope
    }

    /// The message as if it had never been handed out: not marked so, and without losses.
    public func renewed() -> Envelope {
        var envelope = self
        envelope.unmarkRedelivered()
        envelope.headers[Self.lossesHeader] = nil
        return envelope
    }

    /// The message that asks for the next try of its task, as Celery publishes it.
    ///
    /// It is due `countdown` seconds after `now`, which counts from 1970, and at once when the countdown is 0 or less.
    /// As a message of its own it is not marked as handed out before; its losses stay. Throws ``EnvelopeError`` for a
    /// message that ``TaskHeaders/init(_:)`` refuses, and for a time outside the years 1 to 9999.
    public func retried(countdown: Double, now: Double, deliveryTag: String) throws(EnvelopeError) -> Envelope {
        let headers = try TaskHeaders(self.headers)
        var envelope = self
        envelope.unmarkRedelivered()
        // The sender chose the number, so it may be the largest.
        envelope.headers["retries"] = RawJSON(min(headers.retries, Int.max - 1) + 1)
        envelope.headers["parent_id"] = RawJSON(headers.id)
        envelope.headers["eta"] = RawJSON(countdown > 0 ? try Self.text(ofEta: now + countdown) : nil)
        envelope.properties = envelope.propertiesOfRetry(headers, now: now)
        envelope.deliveryTag = deliveryTag
        return envelope
    }

    private static func text(ofEta seconds: Double) throws(EnvelopeError) -> String {
        guard let time = WallTime(seconds: seconds) else { throw EnvelopeError(.invalidTime, field: "headers.eta") }
        return time.text
    }

    /// The properties with the sender's name and what is left of the message's life, in the order of Celery.
    private func propertiesOfRetry(_ headers: TaskHeaders, now: Double) -> Fields {
        var properties = Fields(self.properties.all.filter { ["correlation_id", "reply_to"].contains($0.name) })
        properties["origin"] = RawJSON(headers.origin)
        properties.merge(self.properties)
        properties["origin"] = headers.origin.map { RawJSON($0) }
        let lifetime = headers.expires.map { Int(max(0, ($0.seconds - now) * 1000)) }
        properties["expiration"] = lifetime.map { RawJSON(String($0)) }
        return properties
    }
}
