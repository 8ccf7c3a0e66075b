import Compression

extension ResultDocument {
    /// Reads a document as it is stored, whether compressed or not.
    ///
    /// Throws ``BodyError`` for bytes that cannot be read, and with `malformed` for a document without a state or id.
    public init(
        parsing bytes: ArraySlice<UInt8>,
        serializer: Serializer = .json,
        limits: BodyLimits = BodyLimits()
    ) throws(BodyError) {
        let bytes = try CompressedResult(bytes)?.decompress(limits: limits) ?? bytes
        switch serializer {
        case .json:
            try self.init(Fields(body: bytes, limits: limits))
        case .messagePack, .yaml:
            try self.init(Fields(try serializer.decode(bytes, limits: limits).asObject ?? [:]))
        }
    }

    /// The document as Celery writes it, in JSON.
    public func serialized() -> [UInt8] {
        var buffer: [UInt8] = []
        self.fields.write(into: &buffer)
        return buffer
    }

    /// The document as Celery writes it. Throws ``BodyError`` for what the serializer has no form for.
    public func serialized(_ serializer: Serializer, limits: BodyLimits = BodyLimits()) throws(BodyError) -> [UInt8] {
        switch serializer {
        case .json: self.serialized()
        case .messagePack, .yaml: try serializer.encode(self.fields.raw.value(limits: limits))
        }
    }

    private init(_ fields: Fields) throws(BodyError) {
        guard let id = fields["task_id"]?.text else { throw Self.malformed("task_id") }
        guard let status = fields["status"]?.text else { throw Self.malformed("status") }
        self.init(taskID: id, state: ResultState(rawValue: status), result: fields["result"] ?? .null)
        self.traceback = fields["traceback"]?.text
        self.children = try fields["children"].flatMap { raw throws(BodyError) in try Self.children(raw) }
        self.dateDone = fields["date_done"]?.text.flatMap { WallTime($0) }
        self.groupID = fields["group_id"]?.text
        self.parentID = fields["parent_id"]?.text
        self.others = Fields(fields.all.filter { !Self.knownNames.contains($0.name) })
    }

    /// The names that a document has a property for.
    static let knownNames: Set<String> = [
        "status", "result", "traceback", "children", "date_done", "group_id", "parent_id", "task_id",
    ]

    private static func children(_ raw: RawJSON) throws(BodyError) -> [ResultNode]? {
        if raw.isNull { return nil }
        guard let values = try raw.value().asArray else { throw self.malformed("children") }
        let nodes = values.compactMap { ResultNode($0) }
        guard nodes.count == values.count else { throw self.malformed("children") }
        return nodes
    }

    private static func malformed(_ field: String) -> BodyError {
        BodyError(.malformed, "The result document has no \(field) that can be read.")
    }

    private var fields: Fields {
        var fields = Fields([
            Fields.Field("status", RawJSON(self.state.rawValue)),
            Fields.Field("result", self.result),
            Fields.Field("traceback", RawJSON(self.traceback)),
            Fields.Field("children", self.rawChildren),
            Fields.Field("date_done", RawJSON(self.dateDone?.text)),
        ])
        fields["group_id"] = self.groupID.map { RawJSON($0) }
        fields["parent_id"] = self.parentID.map { RawJSON($0) }
        for other in self.others.all where !Self.knownNames.contains(other.name) {
            fields.append(other.name, other.value)
        }
        fields.append("task_id", RawJSON(self.taskID))
        return fields
    }

    private var rawChildren: RawJSON {
        // A tree of ids has a JSON form.
        self.children.map { try! RawJSON(CeleryValue.array($0.map(\.value))) } ?? .null
    }
}
