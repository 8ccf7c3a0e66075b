import JSON

/// Makes messages from signatures: from those that a task leaves behind, and from those that a program sends.
struct SignatureSender {
    /// What a signature is sent with.
    struct Call {
        /// Arguments in front of its own.
        var args: [CeleryValue] = []
        /// Options in place of its own.
        var options = CeleryObject()
        /// The steps behind it, last step first; `nil` when it is no step of a chain.
        var chain: [Signature]?

        /// The call for a member of a group.
        func inGroup(_ id: String, index: Int) -> Call {
            var call = self
            call.options["group_id"] = .string(id)
            call.options["group_index"] = .integer(index)
            return call
        }
    }

    /// A signature that was sent. The two differ for a chain and a chord.
    struct Sent {
        /// What was sent: a child of the sender.
        var first: ResultNode
        /// What will have the result.
        var last: ResultNode
    }

    /// Who sends.
    struct Source {
        /// The task that sends; `nil` outside a task.
        var headers: TaskHeaders?
        /// The queue of signatures that name none.
        var defaultQueue: String
        /// The `origin` of messages whose signature names none.
        var origin: String?
        /// Where results of the `rpc` backend go when the signature does not say.
        var replyTo: String?
    }

    let source: Source
    let now: Double
    let makeID: () -> String
    private var bytes = 0
    /// The messages until now.
    private(set) var publications: [Publication] = []
    /// The chords that begin with these messages.
    var chords: [ChordStart] = []

    init(_ source: Source, now: Double, makeID: @escaping () -> String) {
        self.source = source
        self.now = now
        self.makeID = makeID
    }

    /// Sends a signature; `nil` when it is a chain without steps.
    mutating func send(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent? {
        switch signature.kind {
        case .chain: return try self.sendChain(signature, call)
        case .group: return try self.sendGroup(signature, call)
        case .chord: return try self.sendChord(signature, call)
        case .task, .other:
            guard let chunks = signature.chunks else { return try self.sendTask(signature, call) }
            return try self.sendGroup(chunks, call)
        }
    }

    /// Sends the next of the steps, which are in the order of ``Embed/chain``; `nil` when there is none.
    mutating func sendNext(of chain: [Signature], _ call: Call) throws(BodyError) -> Sent? {
        guard let step = chain.last else { return nil }
        var call = call
        call.chain = chain.dropLast()
        return try self.send(step, call)
    }

    private mutating func sendTask(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent {
        let applied = signature.applying(args: call.args, options: call.options)
        var occasion = NewTask.Occasion(freshID: applied.taskID ?? self.makeID(), now: self.now)
        occasion.queue = self.source.defaultQueue
        occasion.sender = self.source.headers
        occasion.chain = call.chain ?? []
        var task = try NewTask(applied, occasion)
        if call.chain != nil { task.body.embed.writeEndOfChain() }
        try self.publish(&task)
        let node = ResultNode.task(id: task.headers.id, parent: nil)
        return Sent(first: node, last: node)
    }

    /// Most bytes of messages that a task leaves behind, as large as a message may be. Each member of a chord carries the
    /// whole of its body.
    private static let mostBytes = 64 << 20

    private mutating func publish(_ task: inout NewTask) throws(BodyError) {
        task.headers.origin = task.headers.origin ?? self.source.origin
        task.replyTo = task.replyTo ?? self.source.replyTo
        task.headers.follow(self.source.headers, now: self.now)
        let publication = try Publication(task, deliveryTag: self.makeID())
        self.bytes += publication.envelope.body.bytes.count
        guard self.bytes <= Self.mostBytes else {
            throw BodyError(.tooLarge, "The messages that follow have more than 64 MiB.")
        }
        self.publications.append(publication)
    }
}

// MARK: Chains

extension SignatureSender {
    private mutating func sendChain(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent? {
        var call = call
        if signature.isImmutable { call.args = [] }
        var options = signature.givenOptions(except: ["chain"]).merging(call.options)
        let rest = (call.chain ?? []) + signature.chain
        let chain = self.ready(signature, options)
        guard let last = chain.node() else { return try self.sendNext(of: rest, call) }
        options = options.without(Signature.resultOptions.union(["link", "link_error"]))
        call.options = options
        let sent = try self.sendNext(of: rest + chain.steps.reversed(), call)
        return sent.map { Sent(first: $0.first, last: last) }
    }

    /// A chain with its ids and with what `options` of it concerns its steps.
    private func ready(_ chain: Signature, _ options: CeleryObject) -> Signature {
        var chain = chain.withLinksOfSteps
        chain.place(CeleryObject(options.members.filter { Signature.resultOptions.contains($0.key) }))
        chain.freeze(makeID: self.makeID)
        return chain
    }
}

// MARK: Groups

extension SignatureSender {
    private mutating func sendGroup(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent? {
        let rest = (call.chain ?? []) + signature.chain
        if let body = rest.last {
            var behind = call
            behind.chain = rest.dropLast()
            return try self.sendChord(.upgraded(signature, body), behind)
        }
        var call = call
        call.options = signature.givenOptions(except: ["task_id", "link", "link_error"]).merging(call.options)
        let isPart = call.options["chord"].map { !$0.isNull } ?? false
        if !signature.links.isEmpty, !isPart {
            let body = signature.links.count == 1 ? signature.links[0] : .group(signature.links)
            return try self.sendChord(.upgraded(signature.without("link"), body), call)
        }
        // Members of a chord's part return to that chord, not to their own group.
        let returnsTo = isPart ? call.options["group_id"]?.asString : nil
        let members = (signature.tasks ?? []).map { member in
            var member = member
            if isPart { member.addLinks(signature.links) }
            member.addErrorLinks(signature.errorLinks)
            return member
        }
        return try self.sendGroup(of: members, id: signature.taskID, returningTo: returnsTo, call)
    }

    /// Sends signatures side by side, as a group of the given id or else of a fresh one.
    mutating func sendGroup(
        of signatures: [Signature], id: String? = nil, returningTo chord: String? = nil, _ call: Call
    ) throws(BodyError) -> Sent {
        let id = id ?? self.makeID()
        let members = try self.sendMembers(signatures, group: chord ?? id, call)
        let node = ResultNode.group(id: id, parent: nil, members: members)
        return Sent(first: node, last: node)
    }

    private mutating func sendMembers(
        _ signatures: [Signature], group: String, _ call: Call
    ) throws(BodyError) -> [ResultNode] {
        var members: [ResultNode] = []
        for (index, signature) in Signature.flattened(signatures).enumerated() {
            guard let sent = try self.send(signature, call.inGroup(group, index: index)) else { continue }
            members.append(sent.last)
        }
        return members
    }
}

// MARK: Chords

extension SignatureSender {
    /// Options that the header of a chord does not get, since they concern what comes after it.
    private static let notOfHeader = Signature.resultOptions.union(["chain", "link", "link_error"])
    /// Options that the body of a chord does not get, since they concern its beginning.
    private static let notOfBody = Signature.resultOptions.union([
        "parent_id", "countdown", "eta", "chain", "link", "link_error",
    ])

    private mutating func sendChord(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent? {
        let options = signature.givenOptions(except: []).merging(call.options)
        let chord = try self.ready(signature, options, rest: (call.chain ?? []) + signature.chain)
        let id = chord.taskID ?? ""
        guard let body = chord.body else { throw BodyError(.notATask, "A chord has no body.") }
        // A group that has become a chord was a part of something else before.
        let header = chord.header.map(\.unplaced)
        if header.isEmpty {
            return try self.send(body, Call(args: [[]], options: options.only(["root_id", "parent_id"])))
        }
        let ofGroup = chord.headerGroup?.givenOptions(except: Self.notOfHeader.union(["root_id", "parent_id"]))
        var part = Call(args: signature.isImmutable ? [] : call.args)
        part.options = (ofGroup ?? [:]).merging(options.without(Self.notOfHeader))
        part.options["chord"] = body.value
        let members = try self.sendMembers(header, group: id, part)
        let group = ResultNode.group(id: id, parent: nil, members: members)
        let size = header.reduce(0) { $0 + $1.partCount }
        let isSimple = members.allSatisfy { if case .task = $0 { true } else { false } }
        self.chords.append(ChordStart(groupID: id, size: size, tree: isSimple ? nil : SavedGroup(group)))
        return Sent(first: group, last: body.node(parent: group) ?? group)
    }

    /// A chord with its ids, and its body with what `options` and the steps behind the chord mean for it.
    private func ready(
        _ signature: Signature, _ options: CeleryObject, rest: [Signature]
    ) throws(BodyError) -> Signature {
        var chord = signature
        chord.freeze(makeID: self.makeID)
        guard var body = chord.body else { throw BodyError(.notATask, "A chord has no body.") }
        body.addLinks(Self.signatures(options["link"]))
        body.addErrorLinks(Self.signatures(options["link_error"]))
        body.options = body.options.merging(options.without(Self.notOfBody))
        body.place(options.only(["group_id", "group_index", "chord"]))
        if !rest.isEmpty { body = self.append(rest, to: body) }
        body.place(["group_id": .string(chord.taskID ?? "")])
        chord.kwargs["body"] = body.value
        return chord
    }

    /// The body of a chord and the steps behind it.
    private func append(_ rest: [Signature], to body: Signature) -> Signature {
        guard body.kind == .task else { return Signature.chain([body] + rest.reversed()).frozen(self.makeID) }
        var body = body
        body.options["chain"] = .array((rest + body.chain).map(\.value))
        return body
    }

    private static func signatures(_ value: CeleryValue?) -> [Signature] {
        guard let value else { return [] }
        return value.asArray?.compactMap { Signature($0) } ?? Signature(value).map { [$0] } ?? []
    }
}

extension Signature {
    /// The options that are neither null nor of those names.
    func givenOptions(except names: Set<String>) -> CeleryObject {
        CeleryObject(self.options.members.filter { !$0.value.isNull && !names.contains($0.key) })
    }

    fileprivate func without(_ option: String) -> Signature {
        var signature = self
        signature.options[option] = nil
        return signature
    }
}

extension CeleryObject {
    /// The members that have other keys.
    func without(_ keys: Set<String>) -> CeleryObject { CeleryObject(self.members.filter { !keys.contains($0.key) }) }

    /// The members that have these keys and a value.
    func only(_ keys: Set<String>) -> CeleryObject {
        CeleryObject(self.members.filter { keys.contains($0.key) && !$0.value.isNull })
    }
}
