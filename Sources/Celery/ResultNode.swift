/// A task or group in the tree of results: `[[id, parent], members]`.
public indirect enum ResultNode: Sendable, Hashable {
    case task(id: String, parent: ResultNode?)
    case group(id: String, parent: ResultNode?, members: [ResultNode])

    /// Reads a node; `nil` when the value has another shape or is more than 64 nodes deep.
    public init?(_ value: CeleryValue) { self.init(value, depth: 0) }

    private init?(_ value: CeleryValue, depth: Int) {
        guard depth < 64, let pair = value.asArray, pair.count == 2, let head = pair[0].asArray, head.count == 2,
            let id = head[0].asString
        else { return nil }
        var parent: ResultNode?
        if !head[1].isNull {
            guard let node = ResultNode(head[1], depth: depth + 1) else { return nil }
            parent = node
        }
        if pair[1].isNull {
            self = .task(id: id, parent: parent)
            return
        }
        guard let members = pair[1].asArray else { return nil }
        let nodes = members.compactMap { ResultNode($0, depth: depth + 1) }
        guard nodes.count == members.count else { return nil }
        self = .group(id: id, parent: parent, members: nodes)
    }

    /// The node as it is written.
    public var value: CeleryValue {
        switch self {
        case .task(let id, let parent): [[.string(id), parent?.value ?? nil], nil]
        case .group(let id, let parent, let members):
            [[.string(id), parent?.value ?? nil], .array(members.map(\.value))]
        }
    }

    /// The task's or group's id.
    public var id: String {
        switch self {
        case .task(let id, _), .group(let id, _, _): id
        }
    }
}
