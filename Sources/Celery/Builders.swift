import JSON

/// Steps, each with the result of the one before as its first argument: `chain(add.s(2, 2), mul.s(4))`.
///
/// A group with a step behind it becomes a chord. The result is that of the last step. Celery: `chain`.
public func chain(_ steps: Signature...) -> Signature { .chain(steps) }

/// Steps, each with the result of the one before as its first argument.
public func chain(_ steps: [Signature]) -> Signature { .chain(steps) }

/// Tasks that run side by side: `group(add.s(1, 1), add.s(2, 2))`. The result is the list of theirs. Celery: `group`.
public func group(_ members: Signature...) -> Signature { .group(members) }

/// Tasks that run side by side.
public func group(_ members: [Signature]) -> Signature { .group(members) }

/// Tasks that run side by side, and one that gets the list of their results when all have succeeded:
/// `chord([add.s(1, 1), add.s(2, 2)], sum.s())`. The result is that of the body. Celery: `chord`.
///
/// When one of them fails or is called off, the body fails with a `ChordError` that names it, once all have ended, and
/// the body's errbacks are sent.
public func chord(_ header: [Signature], _ body: Signature) -> Signature { .chord(header, body) }

extension Signature {
    /// A task with some of its arguments, to be sent later. What it gets then comes before them.
    ///
    /// The arguments are encoded as JSON. Stops the program for one that JSON cannot hold, such as NaN: a value that is
    /// not known to be encodable goes into ``init(task:args:kwargs:options:isImmutable:)``.
    public init<each Argument: Encodable>(_ task: String, _ argument: repeat each Argument) {
        var args: [CeleryValue] = []
        for argument in repeat each argument { args.append(Self.encoded(argument)) }
        self.init(task: task, args: args)
    }

    private static func encoded(_ value: some Encodable) -> CeleryValue {
        guard let value = try? JSONCoder.encode(value) else {
            preconditionFailure("An argument of a signature can be encoded as JSON.")
        }
        return CeleryValue(value)
    }

    /// The same without room for a result: it is called with its own arguments only. Celery: `si`, `immutable`.
    public var immutable: Signature {
        var signature = self
        signature.isImmutable = true
        return signature
    }

    /// Sends these with the result as first argument when it is there. Of a chain it is the last step's, of a chord the
    /// body's. Celery: `link`.
    public func link(_ callbacks: Signature...) -> Signature {
        var signature = self
        signature.addLinks(callbacks)
        return signature
    }

    /// Sends these with the id of the failed task as first argument when a task fails: each step of a chain, each member
    /// of a group, the body of a chord. Celery: `link_error`.
    public func linkError(_ errbacks: Signature...) -> Signature {
        var signature = self
        signature.addErrorLinks(errbacks)
        return signature
    }

    /// Marks all its tasks with names and values, by which they can be called off. Celery: `stamp`.
    public func stamp(_ stamps: [String: JSONValue]) -> Signature {
        let stamps = stamps.sorted { $0.key < $1.key }.map { ($0.key, CeleryValue($0.value)) }
        return self.mapped { task in
            var task = task
            var names = task.option("stamped_headers")?.asArray ?? []
            for (name, value) in stamps {
                if !names.contains(.string(name)) { names.append(.string(name)) }
                task.options[name] = value
            }
            task.options["stamped_headers"] = .array(names)
            return task
        }
    }

    /// Has an option for all its tasks, such as `queue` or `priority`. Celery: `set`.
    public func option(_ name: String, _ value: CeleryValue) -> Signature {
        self.mapped { task in
            var task = task
            task.options[name] = value
            return task
        }
    }

    /// The signature with each task in it, callbacks left out, as `change` makes it.
    private func mapped(_ change: (Signature) -> Signature) -> Signature {
        var signature = self
        switch self.kind {
        case .task, .other: return change(self)
        case .chain, .group: signature.setTasks((self.tasks ?? []).map { $0.mapped(change) })
        case .chord:
            var header = self.headerGroup ?? .group([])
            header.setTasks(self.header.map { $0.mapped(change) })
            signature.kwargs["header"] = header.value
            signature.kwargs["body"] = self.body?.mapped(change).value
        }
        return signature
    }
}
