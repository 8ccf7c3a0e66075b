/// The last ends that went wrong. Of fixed size, texts of any length cut.
public struct RecentFailures: Sendable {
    /// One of them.
    public struct Entry: Sendable {
        /// Seconds since 1970.
        public var time: Double
        /// The task's index.
        public var task: Int
        /// The message's id.
        public var id: String
        /// Whether the message runs again.
        public var runsAgain: Bool
        /// The error's type.
        public var type: String
        /// What went wrong.
        public var message: String
        /// ``Cause/name``, when the engine ended the attempt or lost it.
        public var cause: String?
        /// How long it ran, in seconds.
        public var runTime: Double?
        /// Where it was, the innermost frame first.
        public var backtrace: [String] = []
        /// What else is known of it: a JSON object.
        public var postMortem: [UInt8]

        /// A failure of which no more is known.
        public init(time: Double, task: Int, id: String, runsAgain: Bool, type: String, message: String) {
            self.time = time
            self.task = task
            self.id = String(id.prefix(256))
            self.runsAgain = runsAgain
            self.type = String(type.prefix(256))
            self.message = String(message.prefix(1_024))
            self.postMortem = []
        }
    }

    private static let capacity = 32
    /// Longer post-mortems are not kept: a part of one is no JSON.
    public static let longestPostMortem = 16_384

    /// Frames that are kept.
    public static let longestBacktrace = 32

    private var ring: [Entry] = []
    private var next = 0

    /// Nothing has failed.
    public init() {}

    /// Remembers a failure instead of the oldest.
    public mutating func add(_ entry: Entry) {
        var entry = entry
        if entry.postMortem.count > Self.longestPostMortem { entry.postMortem = [] }
        if self.ring.count < Self.capacity { self.ring.append(entry) } else { self.ring[self.next] = entry }
        self.next = (self.next + 1) % Self.capacity
    }

    /// Those that are remembered, the newest first.
    public var newestFirst: [Entry] {
        let start = self.ring.count < Self.capacity ? 0 : self.next
        return (self.ring[start...] + self.ring[..<start]).reversed()
    }
}
