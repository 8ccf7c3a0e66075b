/// What a task can leave behind in its child.
public enum RetainedResource: String, CaseIterable, Sendable {
    /// Memory that was allocated and not freed (`malloc`).
    case heap
    /// Private memory that is not in use on the heap: mappings, and heap that is free and cannot be given back.
    case mapped
    /// Open descriptors.
    case descriptors
    /// Threads.
    case threads
    /// Processes. The engine kills them after the attempt, and its child with them.
    case processes

    /// Growth per run up to this is never called a leak: runtimes keep a little of what they use.
    public var noticeable: Double {
        switch self {
        case .heap: 512
        case .mapped: 8_192
        case .descriptors, .threads, .processes: 0.02
        }
    }

    /// Whether amounts of it are bytes.
    public var isMemory: Bool { self == .heap || self == .mapped }
}

/// What a child held at a moment when no task ran in it.
public struct ChildSample: Equatable, Sendable {
    /// Bytes that are allocated and not freed.
    public var heap: UInt64
    /// Resident memory in bytes without files and shared memory.
    public var privateMemory: UInt64
    /// Open descriptors.
    public var descriptors: UInt32
    /// Threads.
    public var threads: UInt32

    /// A sample.
    public init(heap: UInt64, privateMemory: UInt64, descriptors: UInt32, threads: UInt32) {
        self.heap = heap
        self.privateMemory = privateMemory
        self.descriptors = descriptors
        self.threads = threads
    }

    /// The resources that a sample tells of; processes are gone when it is taken.
    static let resources: [RetainedResource] = [.heap, .mapped, .descriptors, .threads]

    /// How much of a resource it shows.
    ///
    /// Private memory counts without the heap. A heap grows by pages that one task touches and another one has retained,
    /// so that what it added to private memory is nobody's in particular; what is in use on it is.
    public subscript(resource: RetainedResource) -> Double {
        switch resource {
        case .heap: Double(self.heap)
        case .mapped: Double(self.privateMemory) - Double(self.heap)
        case .descriptors: Double(self.descriptors)
        case .threads: Double(self.threads)
        case .processes: 0
        }
    }
}
