extension Envelope {
    /// A message of protocol 1 as one of protocol 2 that asks for the same. The body is opened for it, within limits.
    ///
    /// Throws ``BodyError`` for a body that cannot be read or names no task, ``EnvelopeError`` for what it says.
    public func inProtocolTwo(_ decoder: BodyDecoder = BodyDecoder()) throws -> Envelope {
        let task = try decoder.protocolOneTask(of: self)
        var headers = try task.headers(overriddenBy: self.headers)
        headers.others["compression"] = nil
        return try BodyEncoder().envelope(
            try task.body(limits: decoder.limits).value, headers: headers.fields, properties: self.properties,
            deliveryTag: self.deliveryTag)
    }
}
