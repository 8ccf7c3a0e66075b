import JSON

extension TaskHeaders {
    /// The names that ``TaskHeaders`` has a property for, in the order in which Celery writes them.
    private enum Name: String, CaseIterable {
        case lang, task, id, shadow, eta, expires, group
        case groupIndex = "group_index"
        case retries
        case timeLimits = "timelimit"
        case rootID = "root_id"
        case parentID = "parent_id"
        case argsRepr = "argsrepr"
        case kwargsRepr = "kwargsrepr"
        case origin
        case ignoreResult = "ignore_result"
        case replacedTaskNesting = "replaced_task_nesting"
        case stampedHeaders = "stamped_headers"
        case stamps
    }

    /// Reads the headers of protocol 2. Only `task` and `id` must be there.
    ///
    /// Throws ``EnvelopeError``, with the task's id and name where they are known. What only informs, such as
    /// `argsrepr`, is `nil` when it is of another kind than it should be.
    public init(_ fields: Fields) throws(EnvelopeError) {
        let id = fields["id"]?.text
        let task = fields["task"]?.text
        do throws(EnvelopeError) {
            guard let task else { throw Self.absent(.task, fields) }
            guard let id else { throw Self.absent(.id, fields) }
            self.init(task: task, id: id)
            for field in fields.all {
                guard let name = Name(rawValue: field.name) else {
                    self.others.append(field.name, field.value)
                    continue
                }
                try self.read(name, field.value)
            }
        } catch {
            var error = error
            error.taskID = id
            error.task = task
            throw error
        }
    }

    private static func absent(_ name: Name, _ fields: Fields) -> EnvelopeError {
        EnvelopeError(fields[name.rawValue] == nil ? .missing : .wrongKind, field: "headers.\(name.rawValue)")
    }

    private mutating func read(_ name: Name, _ raw: RawJSON) throws(EnvelopeError) {
        switch name {
        case .task, .id: break
        case .lang: self.lang = raw.text
        case .shadow: self.shadow = raw.text
        case .eta: self.eta = try Self.time(name, raw)
        case .expires: self.expires = try Self.time(name, raw)
        case .group: self.group = try Self.checked(name, raw, raw.text)
        case .groupIndex: self.groupIndex = try Self.checked(name, raw, raw.integer)
        case .retries: self.retries = try Self.checked(name, raw, raw.integer) ?? 0
        case .timeLimits: self.timeLimits = try Self.checked(name, raw, TimeLimits(raw)) ?? TimeLimits()
        case .rootID: self.rootID = try Self.checked(name, raw, raw.text)
        case .parentID: self.parentID = try Self.checked(name, raw, raw.text)
        case .argsRepr: self.argsRepr = raw.text
        case .kwargsRepr: self.kwargsRepr = raw.text
        case .origin: self.origin = raw.text
        case .ignoreResult: self.ignoreResult = try Self.checked(name, raw, raw.bool)
        case .replacedTaskNesting: self.replacedTaskNesting = try Self.checked(name, raw, raw.integer) ?? 0
        case .stampedHeaders: self.stampedHeaders = raw.elements?.compactMap(\.text)
        case .stamps: self.stamps = (try? Fields(parsing: raw.bytes)) ?? Fields()
        }
    }

    /// `value`, or `nil` for null; throws when it is `nil` for another reason.
    private static func checked<Value>(_ name: Name, _ raw: RawJSON, _ value: Value?) throws(EnvelopeError) -> Value? {
        if value == nil, !raw.isNull { throw EnvelopeError(.wrongKind, field: "headers.\(name.rawValue)") }
        return value
    }

    private static func time(_ name: Name, _ raw: RawJSON) throws(EnvelopeError) -> WallTime? {
        guard let text = try self.checked(name, raw, raw.text) else { return nil }
        guard let time = WallTime(text) else { throw EnvelopeError(.invalidTime, field: "headers.\(name.rawValue)") }
        return time
    }

    /// The headers as Celery writes them: those it knows in its order, then the others, which override them.
    public var fields: Fields {
        var fields = Fields(Name.allCases.map { Fields.Field($0.rawValue, self.raw($0)) })
        fields.merge(self.others)
        return fields
    }

    private func raw(_ name: Name) -> RawJSON {
        switch name {
        case .lang: RawJSON(self.lang)
        case .task: RawJSON(self.task)
        case .id: RawJSON(self.id)
        case .shadow: RawJSON(self.shadow)
        case .eta: RawJSON(self.eta?.text)
        case .expires: RawJSON(self.expires?.text)
        case .group: RawJSON(self.group)
        case .groupIndex: RawJSON(self.groupIndex)
        case .retries: RawJSON(self.retries)
        case .timeLimits: self.timeLimits.raw
        case .rootID: RawJSON(self.rootID)
        case .parentID: RawJSON(self.parentID)
        case .argsRepr: RawJSON(self.argsRepr)
        case .kwargsRepr: RawJSON(self.kwargsRepr)
        case .origin: RawJSON(self.origin)
        case .ignoreResult: self.ignoreResult.map { RawJSON($0) } ?? .null
        case .replacedTaskNesting: RawJSON(self.replacedTaskNesting)
        case .stampedHeaders: self.stampedHeaders.map { RawJSON($0.map { RawJSON($0) }) } ?? .null
        case .stamps: self.stamps.raw
        }
    }
}
