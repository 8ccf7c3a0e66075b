/// The payload of a ``FrameKind/aftermath`` frame: what the outcome of a Celery task brings along. The child makes it,
/// since only the child opens a message's body.
///
/// Items of one byte for the kind, four for the length, and the content:
///
/// | kind | content |
/// |---|---|
/// | 1 | a message to publish: 1 byte priority, 2 + n bytes queue, the message |
/// | 2 | the tasks that this one sent: a JSON array, as `children` of a result document |
/// | 3 | a later step of the chain that fails with this task: 2 + n bytes its id, its group's, its parent's |
/// | 4 | members of the result document beside the usual ones, JSON without braces |
/// | 5 | a chord that begins: 8 bytes size, 2 + n bytes its group's id, the document of the saved group or nothing |
/// | 6 | a part of a chord: 8 bytes its place or −1, 2 + n bytes the task's id, the group's id, the message that asks for the join |
/// | 7 | nothing: another task has taken this one's place, which has no outcome |
///
/// It counts only if the delivery ends as its outcome frame says.
public struct Aftermath: Equatable, Sendable {
    /// A message to publish.
    public struct Publication: Equatable, Sendable {
        /// The queue's name.
        public var queue: Bytes
        /// From 0, the most urgent, to 9.
        public var priority: UInt8
        /// The message as it goes to the list.
        public var message: Bytes

        /// A message for a queue.
        public init(queue: Bytes, priority: UInt8, message: Bytes) {
            self.queue = queue
            self.priority = priority
            self.message = message
        }
    }

    /// A step that will not run because this one failed. Empty where there is none.
    public struct FailedStep: Equatable, Sendable {
        /// The step's task id.
        public var id: Bytes
        /// The group that it is a part of.
        public var groupID: Bytes
        /// The task that would have sent it.
        public var parentID: Bytes

        /// A step.
        public init(id: Bytes, groupID: Bytes = [], parentID: Bytes = []) {
            self.id = id
            self.groupID = groupID
            self.parentID = parentID
        }
    }

    /// A chord that begins with the publications.
    public struct Chord: Equatable, Sendable {
        /// The id of its header's group.
        public var groupID: Bytes
        /// How many parts will return.
        public var size: Int64
        /// The document of the saved group; empty where none is needed.
        public var tree: Bytes

        /// A chord.
        public init(groupID: Bytes, size: Int64, tree: Bytes = []) {
            self.groupID = groupID
            self.size = size
            self.tree = tree
        }
    }

    /// A part of a chord, which returns with the delivery's outcome: of the task, or of a step that fails with it.
    public struct Part: Equatable, Sendable {
        /// The task's id.
        public var taskID: Bytes
        /// The id of the header's group.
        public var groupID: Bytes
        /// The place among the results, from 0; `nil` for behind all others.
        public var index: Int64?
        /// The message that asks for the join, for the part that returns last.
        public var join: Bytes

        /// A part.
        public init(taskID: Bytes, groupID: Bytes, index: Int64?, join: Bytes) {
            self.taskID = taskID
            self.groupID = groupID
            self.index = index
            self.join = join
        }
    }

    /// Messages to publish.
    public var publications: [Publication] = []
    /// Chords that begin.
    public var chords: [Chord] = []
    /// Parts of chords that return.
    public var parts: [Part] = []
    /// Whether another task has taken this one's place.
    public var isReplaced = false
    /// The tasks that this one sent: a JSON array; empty for none.
    public var children: Bytes = []
    /// Steps that fail with this task.
    public var failedSteps: [FailedStep] = []
    /// Members of the result document: JSON without braces; empty for none.
    public var documentMembers: Bytes = []

    /// Nothing.
    public init() {}

    /// Whether there is nothing in it.
    public var isEmpty: Bool { self == Aftermath() }

    private enum Item: UInt8 {
        case publication = 1
        case children = 2
        case failedStep = 3
        case documentMembers = 4
        case chord = 5
        case part = 6
        case replaced = 7
    }

    /// Appends the whole frame.
    public func write(delivery: UInt64, into buffer: inout [UInt8]) {
        var payload: [UInt8] = []
        for publication in self.publications {
            Self.write(.publication, into: &payload) { item in
                item.append(publication.priority)
                item.append(text: publication.queue)
                item.append(contentsOf: publication.message)
            }
        }
        for step in self.failedSteps {
            Self.write(.failedStep, into: &payload) { item in
                for text in [step.id, step.groupID, step.parentID] { item.append(text: text) }
            }
        }
        self.writeChords(into: &payload)
        for (item, content) in [(Item.children, self.children), (.documentMembers, self.documentMembers)]
        where !content.isEmpty {
            Self.write(item, into: &payload) { $0.append(contentsOf: content) }
        }
        PlainFrame.write(.aftermath, payload: payload[...], delivery: delivery, into: &buffer)
    }

    private func writeChords(into payload: inout [UInt8]) {
        for chord in self.chords {
            Self.write(.chord, into: &payload) { item in
                item.append(integer: UInt64(bitPattern: chord.size))
                item.append(text: chord.groupID)
                item.append(contentsOf: chord.tree)
            }
        }
        for part in self.parts {
            Self.write(.part, into: &payload) { item in
                item.append(integer: UInt64(bitPattern: part.index ?? -1))
                item.append(text: part.taskID)
                item.append(text: part.groupID)
                item.append(contentsOf: part.join)
            }
        }
        if self.isReplaced { Self.write(.replaced, into: &payload) { _ in } }
    }

    private static func write(_ item: Item, into buffer: inout [UInt8], _ content: (inout [UInt8]) -> Void) {
        buffer.append(item.rawValue)
        let start = buffer.count
        buffer.append(integer: UInt32(0))
        content(&buffer)
        let length = UInt32(buffer.count - start - 4)
        withUnsafeBytes(of: length.littleEndian) { buffer.replaceSubrange(start..<start + 4, with: $0) }
    }

    /// Reads a payload.
    public init(decoding payload: Bytes) throws(FrameError) {
        var reader = PayloadReader(payload)
        while let kind = reader.integer(UInt8.self) {
            guard let item = Item(rawValue: kind), let length = reader.integer(UInt32.self),
                let content = reader.bytes(Int(length))
            else { throw .badPayload(.aftermath) }
            try self.read(item, content)
        }
    }

    private mutating func read(_ item: Item, _ content: Bytes) throws(FrameError) {
        var reader = PayloadReader(content)
        switch item {
        case .publication:
            guard let priority = reader.integer(UInt8.self), priority < 10, let queue = reader.text() else {
                throw .badPayload(.aftermath)
            }
            self.publications.append(
                Publication(queue: queue, priority: priority, message: reader.remainder()))
        case .failedStep:
            guard let id = reader.text(), let group = reader.text(), let parent = reader.text() else {
                throw .badPayload(.aftermath)
            }
            self.failedSteps.append(FailedStep(id: id, groupID: group, parentID: parent))
        case .chord:
            guard let size = reader.integer(UInt64.self).map({ Int64(bitPattern: $0) }), size > 0,
                let group = reader.text()
            else { throw .badPayload(.aftermath) }
            self.chords.append(Chord(groupID: group, size: size, tree: reader.remainder()))
        case .part:
            guard let index = reader.integer(UInt64.self).map({ Int64(bitPattern: $0) }), index >= -1,
                let id = reader.text(), let group = reader.text()
            else { throw .badPayload(.aftermath) }
            self.parts.append(
                Part(taskID: id, groupID: group, index: index < 0 ? nil : index, join: reader.remainder()))
        case .replaced: self.isReplaced = true
        case .children: self.children = content
        case .documentMembers: self.documentMembers = content
        }
    }
}

extension [UInt8] {
    /// Appends a text behind its 16-bit length; a longer one is cut.
    fileprivate mutating func append(text: Bytes) {
        let text = text.prefix(Int(UInt16.max))
        self.append(integer: UInt16(text.count))
        self.append(contentsOf: text)
    }
}
