import Logging

/// The back end of the log: formats records and hands them to a ``LogOutput``.
public struct WorkerLogHandler: LogHandler {
    /// Metadata of every record.
    public var metadata: Logger.Metadata
    /// Adds metadata at the time of the record; it wins over ``metadata``, and the record's own wins over both.
    public var metadataProvider: Logger.MetadataProvider?
    /// The lowest level that is written.
    public var logLevel: Logger.Level
    let output: LogOutput

    /// A handler that writes records of `logLevel` and above to `output`. Many handlers can share one.
    public init(output: LogOutput, logLevel: Logger.Level = .info, metadata: Logger.Metadata = [:]) {
        self.output = output
        self.logLevel = logLevel
        self.metadata = metadata
    }

    /// One value of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    /// Writes a record; its error, if it has one, under the key `error`.
    public func log(event: LogEvent) {
        var metadata = self.metadata
        if let provided = self.metadataProvider?.get() { metadata.merge(provided) { $1 } }
        if let own = event.metadata { metadata.merge(own) { $1 } }
        if let error = event.error { metadata["error"] = "\(error)" }
        var fields: [LogRecord.Field] = []
        for (key, value) in metadata { Self.append(value, under: key, to: &fields) }
        self.output.log(level: event.level, message: event.message.description, fields: fields)
    }

    /// Flattens a value: the members of a dictionary and the elements of an array get dotted keys.
    private static func append(_ value: Logger.MetadataValue, under key: String, to fields: inout [LogRecord.Field]) {
        switch value {
        case .dictionary(let members) where !members.isEmpty:
            for (name, member) in members { self.append(member, under: "\(key).\(name)", to: &fields) }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                self.append(element, under: "\(key).\(index)", to: &fields)
            }
        case .dictionary, .array: fields.append(.init(key: key, value: []))
        case .string(let text): fields.append(.init(key: key, value: Array(text.utf8)))
        case .stringConvertible(let value): fields.append(.init(key: key, value: Array(value.description.utf8)))
        }
    }
}
