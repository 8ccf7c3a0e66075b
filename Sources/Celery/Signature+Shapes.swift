import JSON

/// The parts of chains, groups and chords, and what is to be done with them as one.
extension Signature {
    /// Steps, each with the result of the one before. A group with a step behind it becomes a chord when it is sent.
    public static func chain(_ steps: [Signature]) -> Signature {
        self.compound("chain", ["tasks": .array(steps.map(\.value))])
    }

    /// Tasks that run side by side.
    public static func group(_ members: [Signature]) -> Signature {
        self.compound("group", ["tasks": .array(members.map(\.value))])
    }

    /// Tasks that run side by side, and one that gets the list of their results.
    public static func chord(_ header: [Signature], _ body: Signature) -> Signature {
        self.compound("chord", ["kwargs": [:], "header": self.group(header).value, "body": body.value])
    }

    private static func compound(_ kind: String, _ kwargs: CeleryObject) -> Signature {
        var signature = Signature(task: "celery.\(kind)", kwargs: kwargs)
        signature.setKind(kind)
        return signature
    }

    /// The signature as it stands in bodies and options.
    public var value: CeleryValue { .object(self.members) }

    /// The header of a chord, without nested groups.
    var header: [Signature] {
        guard let header = self.kwargs["header"] else { return [] }
        let members = header.asArray?.compactMap { Signature($0) } ?? Signature(header).map { [$0] } ?? []
        return Self.flattened(members)
    }

    /// The header of a chord where it is a group.
    var headerGroup: Signature? {
        self.kwargs["header"].flatMap { Signature($0) }.flatMap { $0.kind == .group ? $0 : nil }
    }

    /// The body of a chord.
    var body: Signature? { self.kwargs["body"].flatMap { Signature($0) } }

    /// The signatures with the members of groups in place of the groups, and without chains that have no steps.
    static func flattened(_ signatures: [Signature]) -> [Signature] {
        signatures.flatMap { signature -> [Signature] in
            switch signature.kind {
            case .group: return self.flattened(signature.tasks ?? [])
            case .chain: return signature.steps.isEmpty ? [] : [signature]
            case .chord, .task, .other: return [signature]
            }
        }
    }

    /// The steps of a chain as they are sent: without chains among them, groups without members and groups of one, and
    /// with a chord in place of a group that has a step behind it.
    var steps: [Signature] { Self.joined(Self.unrolled(self.tasks ?? [])) }

    private static func unrolled(_ steps: [Signature]) -> [Signature] {
        steps.flatMap { step -> [Signature] in
            switch step.kind {
            case .chain: return self.unrolled(step.withLinksOfSteps.tasks ?? [])
            case .group:
                let members = step.tasks ?? []
                if members.count == 1, step.links.isEmpty { return self.unrolled(members) }
                return members.isEmpty ? [] : [step]
            case .chord, .task, .other: return [step]
            }
        }
    }

    /// From the last step on, since a chord may become the body of the group before it.
    private static func joined(_ steps: [Signature]) -> [Signature] {
        var joined: [Signature] = []
        for step in steps.reversed() {
            guard step.kind == .group, let body = joined.last else {
                joined.append(step)
                continue
            }
            joined[joined.count - 1] = self.upgraded(step, body)
        }
        return joined.reversed()
    }

    /// The chord of a group and of what follows it. What was said of the group holds for its members.
    static func upgraded(_ group: Signature, _ body: Signature) -> Signature {
        var chord = self.chord(group.tasks ?? [], body)
        chord.options = group.options.without(Self.resultOptions.union(["chain"]))
        chord.options["task_id"] = group.option("task_id")
        return chord
    }
}

// MARK: Results

extension Signature {
    /// Options that concern the task which has the signature's result.
    static let resultOptions: Set<String> = ["task_id", "group_id", "group_index", "chord"]

    /// Gives ids to all tasks that have none.
    mutating func freeze(makeID: () -> String) {
        switch self.kind {
        case .task, .other: self.fixID(makeID)
        case .group:
            self.fixID(makeID)
            self.setTasks((self.tasks ?? []).map { $0.frozen(makeID) })
        case .chain:
            let steps = self.steps.map { $0.frozen(makeID) }
            self.setTasks(steps)
            if let node = self.node() { self.options["task_id"] = .string(node.id) }
        case .chord: self.freezeChord(makeID)
        }
    }

    private mutating func freezeChord(_ makeID: () -> String) {
        let own = self.taskID
        var header = self.headerGroup ?? .group([])
        header.setTasks(self.header)
        header.options["task_id"] = .string(header.taskID ?? own ?? makeID())
        header.freeze(makeID: makeID)
        self.options["task_id"] = header.options["task_id"]
        self.kwargs["header"] = header.value
        guard var body = self.body else { return }
        if body.taskID == nil, body.kind == .task, let own { body.options["task_id"] = .string(own) }
        body.freeze(makeID: makeID)
        self.kwargs["body"] = body.value
    }

    func frozen(_ makeID: () -> String) -> Signature {
        var frozen = self
        frozen.freeze(makeID: makeID)
        return frozen
    }

    private mutating func fixID(_ makeID: () -> String) {
        if self.taskID == nil { self.options["task_id"] = .string(makeID()) }
    }

    mutating func setTasks(_ tasks: [Signature]) { self.kwargs["tasks"] = .array(tasks.map(\.value)) }

    /// Hands options of ``resultOptions`` on to the tasks that have the signature's result. A group that a task is
    /// already a part of stays.
    mutating func place(_ options: CeleryObject) {
        if options.members.isEmpty { return }
        switch self.kind {
        case .task, .other: self.set(options)
        case .group:
            self.set(options)
            let shared = CeleryObject(options.members.filter { $0.key == "group_id" || $0.key == "chord" })
            let members = Self.flattened(self.tasks ?? []).enumerated().map { index, member in
                var member = member
                var own = shared
                if options["chord"] != nil { own["group_index"] = .integer(index) }
                member.place(own)
                return member
            }
            self.setTasks(members)
        case .chain:
            var steps = self.steps
            guard let last = steps.indices.last else { return }
            steps[last].place(options)
            self.setTasks(steps)
            if let id = options["task_id"] { self.options["task_id"] = id }
        case .chord:
            guard var body = self.body else { return }
            body.place(options)
            self.kwargs["body"] = body.value
        }
    }

    /// The signature as if no part of its result belonged anywhere: what ``place(_:)`` says of groups and chords is taken
    /// back.
    var unplaced: Signature {
        var signature = self
        for option in ["group_id", "group_index", "chord"] { signature.options[option] = nil }
        switch self.kind {
        case .task, .other: break
        case .group: signature.setTasks((self.tasks ?? []).map(\.unplaced))
        case .chain:
            let steps = self.steps
            signature.setTasks(steps.dropLast() + steps.suffix(1).map(\.unplaced))
        case .chord: signature.kwargs["body"] = self.body?.unplaced.value
        }
        return signature
    }

    private mutating func set(_ options: CeleryObject) {
        for option in options.members where option.key != "group_id" || self.option("group_id") == nil {
            self.options[option.key] = option.value
        }
    }

    /// How many tasks have a part of the signature's result: so many parts it returns to a chord.
    var partCount: Int {
        switch self.kind {
        case .task, .other: 1
        case .group: (self.tasks ?? []).reduce(0) { $0 + $1.partCount }
        case .chain: self.steps.last?.partCount ?? 0
        case .chord: self.body?.partCount ?? 0
        }
    }

    /// How many steps back a result knows its parents. More than can be read back would be of no use.
    private static let maxParents = 32

    /// The result of a signature that has its ids; `nil` for a chain without steps.
    func node(parent: ResultNode? = nil, depth: Int = 0) -> ResultNode? {
        switch self.kind {
        case .task, .other: .task(id: self.taskID ?? "", parent: parent)
        case .group: .group(id: self.taskID ?? "", parent: parent, members: self.memberNodes(self.tasks ?? []))
        case .chain: self.steps.suffix(Self.maxParents).reduce(parent) { $1.node(parent: $0) }
        case .chord:
            self.body?.node(
                parent: .group(id: self.taskID ?? "", parent: parent, members: self.memberNodes(self.header)))
        }
    }

    private func memberNodes(_ members: [Signature]) -> [ResultNode] { members.compactMap { $0.node() } }
}

// MARK: Links

extension Signature {
    /// Sends these with the signature's result.
    mutating func addLinks(_ links: [Signature]) {
        if links.isEmpty { return }
        switch self.kind {
        case .task, .other, .group: self.append(links, to: "link")
        case .chain:
            var steps = self.steps
            guard let last = steps.indices.last else { return }
            steps[last].addLinks(links)
            self.setTasks(steps)
        case .chord:
            guard var body = self.body else { return }
            body.addLinks(links)
            self.kwargs["body"] = body.value
        }
    }

    /// A chain whose own links and errbacks are those of its steps.
    var withLinksOfSteps: Signature {
        var chain = self
        chain.addLinks(self.links)
        chain.addErrorLinks(self.errorLinks)
        return chain
    }

    /// Sends these when one of the signature's tasks fails: to each step of a chain, each member of a group, and the body
    /// of a chord, each once.
    mutating func addErrorLinks(_ links: [Signature]) {
        if links.isEmpty { return }
        switch self.kind {
        case .task, .other: self.append(links, to: "link_error")
        case .group: self.setTasks((self.tasks ?? []).map { $0.withErrorLinks(links) })
        case .chain: self.setTasks(self.steps.map { $0.withErrorLinks(links) })
        case .chord: self.kwargs["body"] = self.body?.withErrorLinks(links).value
        }
    }

    private func withErrorLinks(_ links: [Signature]) -> Signature {
        var signature = self
        signature.addErrorLinks(links)
        return signature
    }

    private mutating func append(_ links: [Signature], to name: String) {
        var all = name == "link" ? self.links : self.errorLinks
        for link in links where name == "link" || !all.contains(link) { all.append(link) }
        self.options[name] = .array(all.map(\.value))
    }
}

extension CeleryValue {
    static func integer(_ value: Int) -> CeleryValue { .number(JSONNumber(value)) }
}
