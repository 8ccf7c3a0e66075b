extension ResultDocument {
    /// What a document tells of the request beside the outcome. Celery setting: `result_extended`.
    public struct Extension: Sendable, Hashable {
        /// The task's name.
        public var name: String
        /// Positional arguments: a JSON array.
        public var args: RawJSON
        /// Keyword arguments: a JSON object.
        public var kwargs: RawJSON
        /// The node name of the worker.
        public var worker: String
        /// How often the task was retried.
        public var retries: Int
        /// The routing key of the message.
        public var queue: String
        /// The names of the task's stamps; `nil` when it has none.
        public var stampedHeaders: [String]?
        /// The stamps.
        public var stamps = Fields()

        /// What is told of a task without stamps.
        public init(name: String, args: RawJSON, kwargs: RawJSON, worker: String, retries: Int, queue: String) {
            self.name = name
            self.args = args
            self.kwargs = kwargs
            self.worker = worker
            self.retries = retries
            self.queue = queue
        }
    }

    /// What the document tells of the request; `nil` when it tells nothing. Setting replaces ``others``.
    public var extended: Extension? {
        get {
            guard let name = self.others["name"]?.text else { return nil }
            var extended = Extension(
                name: name,
                args: self.others["args"] ?? .null,
                kwargs: self.others["kwargs"] ?? .null,
                worker: self.others["worker"]?.text ?? "",
                retries: self.others["retries"]?.integer ?? 0,
                queue: self.others["queue"]?.text ?? ""
            )
            extended.stampedHeaders = self.others["stamped_headers"]?.elements?.compactMap(\.text)
            let names = Set(extended.stampedHeaders ?? [])
            extended.stamps = Fields(self.others.all.filter { names.contains($0.name) })
            return extended
        }
        set { self.others = newValue?.fields ?? Fields() }
    }
}

extension ResultDocument.Extension {
    /// The members that it adds to a document, as they are written there. A stamp does not hide a field of a document.
    public var members: [UInt8] {
        let fields = Fields(self.fields.all.filter { !ResultDocument.knownNames.contains($0.name) })
        return Array(fields.raw.bytes.dropFirst().dropLast())
    }

    fileprivate var fields: Fields {
        var fields = Fields([
            Fields.Field("name", RawJSON(self.name)),
            Fields.Field("args", self.args),
            Fields.Field("kwargs", self.kwargs),
            Fields.Field("worker", RawJSON(self.worker)),
            Fields.Field("retries", RawJSON(self.retries)),
            Fields.Field("queue", RawJSON(self.queue)),
        ])
        fields["stamped_headers"] = self.stampedHeaders.map { RawJSON($0.map { RawJSON($0) }) }
        fields.merge(self.stamps)
        return fields
    }
}
