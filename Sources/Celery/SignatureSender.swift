import JSON

/// Makes messages from the signatures that one task leaves behind.
struct SignatureSender {
    /// What a signature is sent with.
    struct Call {
        /// Arguments in front of its own.
        var args: [CeleryValue]
        /// Options in place of its own.
        var options: CeleryObject
        /// The steps behind it, last step first; `nil` when it is no step of a chain.
        var chain: [Signature]?

        /// The call for a member of a group.
        func inGroup(_ id: String, index: Int) -> Call {
            var call = self
            call.options["group_id"] = .string(id)
            call.options["group_index"] = .number(JSONNumber(index))
            return call
        }
    }

    /// A signature that was sent. The two differ for a chain.
    struct Sent {
        /// What was sent: a child of the sender.
        var first: ResultNode
        /// What will have the result.
        var last: ResultNode
    }

    private let continuation: Continuation
    private let now: Double
    private let makeID: () -> String
    /// The messages until now.
    private(set) var publications: [Publication] = []

    init(_ continuation: Continuation, now: Double, makeID: @escaping () -> String) {
        self.continuation = continuation
        self.now = now
        self.makeID = makeID
    }

    /// Sends a signature; `nil` when it is a chain without steps.
    mutating func send(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent? {
        switch signature.kind {
        case .chain: try self.sendChain(signature, call)
        case .group: try self.sendGroup(signature, call)
        case .chord: throw Self.isChord("A signature that is a chord is not sent.")
        case .task, .other: try self.sendTask(signature, call)
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
        occasion.queue = self.continuation.defaultQueue
        occasion.sender = self.continuation.headers
        occasion.chain = call.chain ?? []
        var task = try NewTask(applied, occasion)
        if call.chain != nil { task.body.embed.writeEndOfChain() }
        task.headers.origin = task.headers.origin ?? self.continuation.origin
        task.replyTo = task.replyTo ?? self.continuation.replyTo
        self.publications.append(try Publication(task, deliveryTag: self.makeID()))
        let node = ResultNode.task(id: task.headers.id, parent: nil)
        return Sent(first: node, last: node)
    }

    private static func isChord(_ message: String) -> BodyError {
        BodyError(.notATask, "\(message) Chords are not supported here.")
    }
}

// MARK: Groups

extension SignatureSender {
    private mutating func sendGroup(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent {
        if signature.option("chord") != nil { throw Self.isChord("A group with a task behind it is a chord.") }
        var call = call
        call.options = signature.givenOptions(except: ["task_id"]).merging(call.options)
        return try self.sendGroup(of: signature.tasks ?? [], id: signature.taskID, call)
    }

    /// Sends signatures side by side, as a group of the given id or else of a fresh one.
    mutating func sendGroup(of signatures: [Signature], id: String? = nil, _ call: Call) throws(BodyError) -> Sent {
        if call.chain?.isEmpty == false { throw Self.isChord("A group with more steps behind it is a chord.") }
        let id = id ?? self.makeID()
        var members: [ResultNode] = []
        for (index, signature) in Self.flattened(signatures).enumerated() {
            guard let sent = try self.send(signature, call.inGroup(id, index: index)) else { continue }
            members.append(sent.last)
        }
        let node = ResultNode.group(id: id, parent: nil, members: members)
        return Sent(first: node, last: node)
    }

    /// The signatures with the members of groups in place of the groups.
    static func flattened(_ signatures: [Signature]) -> [Signature] {
        signatures.flatMap { $0.kind == .group ? self.flattened($0.tasks ?? []) : [$0] }
    }
}

// MARK: Chains

extension SignatureSender {
    /// Options of a chain that concern its last step, which has the chain's result.
    private static let namesOfLast: Set<String> = ["task_id", "group_id", "group_index", "chord"]

    /// How many steps back a chain's result knows its parents. More than can be read back would be of no use.
    private static let maxParents = 32

    private mutating func sendChain(_ signature: Signature, _ call: Call) throws(BodyError) -> Sent? {
        var call = call
        if signature.isImmutable { call.args = [] }
        let options = signature.givenOptions(except: []).merging(call.options)
        let rest = call.chain ?? []
        let steps = self.readySteps(of: signature, options)
        let result = steps.suffix(Self.maxParents).reduce(nil) { $1.node(parent: $0) }
        guard let result else { return try self.sendNext(of: rest, call) }
        call.options = options.without(Self.namesOfLast.union(["link", "link_error"]))
        let sent = try self.sendNext(of: rest + steps.reversed(), call)
        return sent.map { Sent(first: $0.first, last: result) }
    }

    /// The steps of a chain with their ids and with what `options` of the chain concerns them.
    private func readySteps(of chain: Signature, _ options: CeleryObject) -> [Signature] {
        var steps = Self.steps(of: chain)
        guard let last = steps.indices.last else { return [] }
        for name in Self.namesOfLast {
            if let option = options[name] { steps[last].options[name] = option }
        }
        steps[last].appendLinks("link", of: chain)
        for index in steps.indices {
            steps[index].appendLinks("link_error", of: chain)
            self.freeze(&steps[index])
        }
        return steps
    }

    /// The steps of a chain, first step first, with those of chains in place of the chains.
    private static func steps(of chain: Signature) -> [Signature] {
        (chain.tasks ?? []).flatMap { $0.kind == .chain ? self.steps(of: $0) : [$0] }
    }

    /// Gives ids to all tasks that have none.
    private func freeze(_ signature: inout Signature) {
        signature.options["task_id"] = .string(signature.taskID ?? self.makeID())
        guard signature.kind == .group, var members = signature.tasks else { return }
        for index in members.indices { self.freeze(&members[index]) }
        signature.kwargs["tasks"] = .array(members.map { .object($0.members) })
    }
}

extension Signature {
    /// The options that are neither null nor of those names.
    fileprivate func givenOptions(except names: Set<String>) -> CeleryObject {
        CeleryObject(self.options.members.filter { !$0.value.isNull && !names.contains($0.key) })
    }

    /// Appends the callbacks or errbacks of a chain.
    fileprivate mutating func appendLinks(_ name: String, of chain: Signature) {
        let links = name == "link" ? chain.links : chain.errorLinks
        if links.isEmpty { return }
        let own = name == "link" ? self.links : self.errorLinks
        self.options[name] = .array((own + links).map { .object($0.members) })
    }

    /// The result of a signature that has its ids.
    fileprivate func node(parent: ResultNode?) -> ResultNode {
        let id = self.taskID ?? ""
        guard self.kind == .group else { return .task(id: id, parent: parent) }
        return .group(id: id, parent: parent, members: (self.tasks ?? []).map { $0.node(parent: nil) })
    }
}

extension CeleryObject {
    /// The members that have other keys.
    fileprivate func without(_ keys: Set<String>) -> CeleryObject {
        CeleryObject(self.members.filter { !keys.contains($0.key) })
    }
}
