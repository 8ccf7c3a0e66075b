import Celery

/// Events of one worker on their way out, written as they come, without a value in between.
///
/// Events of tasks go out many at a time, as Celery's own workers send them (`task.multi`).
public struct EventBatch: Sendable {
    /// What one message may hold; Celery's workers send 24.
    public static let mostEvents = 128
    private static let mostBytes = 65_536

    /// Hours that the local time is behind UTC, as Python's `time.timezone` counts: receivers put times right by it.
    public var utcOffset = 0
    /// Events that wait.
    public private(set) var count = 0
    private let node: [UInt8]
    private let process: [UInt8]
    private let messageMiddle: [UInt8]
    private var body: [UInt8] = []

    /// A batch without events.
    public init(node: String, pid: Int) {
        var name: [UInt8] = []
        PythonJSON.write(node, into: &name)
        self.node = Array(#"{"hostname": "#.utf8) + name + Array(#", "utcoffset": "#.utf8)
        self.process = Array(#", "pid": \#(pid), "clock": "#.utf8)
        self.messageMiddle =
            Array(#"", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"hostname": "#.utf8)
            + name + Array(#"}, "properties": {"delivery_mode": 1, "delivery_info": {"exchange": "celeryev", "#.utf8)
    }

    /// Whether the next event is better sent with the next message.
    public var isFull: Bool { self.count >= Self.mostEvents || self.body.count >= Self.mostBytes }

    // MARK: One event

    /// Begins an event.
    public mutating func begin(clock: Int) {
        self.body.append(contentsOf: self.count == 0 ? "[".utf8 : ", ".utf8)
        self.count += 1
        self.body.append(contentsOf: self.node)
        self.body.append(contentsOf: String(self.utcOffset).utf8)
        self.body.append(contentsOf: self.process)
        self.body.append(contentsOf: String(clock).utf8)
    }

    /// Adds a field whose value is JSON already; `nil` is null.
    public mutating func add(_ name: StaticString, raw value: ArraySlice<UInt8>?) {
        self.add(name)
        if let value { self.body.append(contentsOf: value) } else { self.body.append(contentsOf: "null".utf8) }
    }

    /// Adds a text; `nil` is null.
    public mutating func add(_ name: StaticString, text: ArraySlice<UInt8>?) {
        guard let text else { return self.add(name, raw: nil) }
        self.add(name)
        PythonJSON.write(text, into: &self.body)
    }

    /// Adds a text.
    public mutating func add(_ name: StaticString, text: String) {
        self.add(name)
        PythonJSON.write(text, into: &self.body)
    }

    /// Adds an integer.
    public mutating func add(_ name: StaticString, _ integer: Int) {
        self.add(name)
        self.body.append(contentsOf: String(integer).utf8)
    }

    /// Adds a truth.
    public mutating func add(_ name: StaticString, _ bool: Bool) {
        self.add(name)
        self.body.append(contentsOf: bool ? "true".utf8 : "false".utf8)
    }

    /// Adds a time in seconds.
    public mutating func add(_ name: StaticString, seconds nanoseconds: Int64) {
        self.add(name)
        self.append(seconds: max(0, nanoseconds))
    }

    /// Ends the event.
    ///
    /// - Parameter time: nanoseconds since 1970.
    public mutating func end(_ type: StaticString, at time: Int64) {
        self.add("timestamp", seconds: time)
        self.add("type")
        self.body.append(UInt8(ascii: "\""))
        self.append(type)
        self.body.append(contentsOf: "\"}".utf8)
    }

    private mutating func add(_ name: StaticString) {
        self.body.append(contentsOf: ", \"".utf8)
        self.append(name)
        self.body.append(contentsOf: "\": ".utf8)
    }

    private mutating func append(_ text: StaticString) {
        self.body.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// To the microsecond, as Python's clocks are.
    private mutating func append(seconds nanoseconds: Int64) {
        self.body.append(contentsOf: String(nanoseconds / 1_000_000_000).utf8)
        self.body.append(UInt8(ascii: "."))
        var divisor: Int64 = 100_000_000
        let fraction = nanoseconds % 1_000_000_000
        while divisor >= 1_000 {
            self.body.append(0x30 + UInt8(fraction / divisor % 10))
            divisor /= 10
        }
    }

    // MARK: Messages

    /// Takes out what waits, as one message.
    ///
    /// - Parameters:
    ///   - key: its routing key: `task.multi`, or for a single event its type with dots.
    ///   - deliveryTag: a text of its own.
    public mutating func takeMessage(_ key: StaticString, deliveryTag: String) -> [UInt8] {
        // One event by itself is no array.
        let isSingle = key.utf8CodeUnitCount != 10
        if !isSingle { self.body.append(UInt8(ascii: "]")) }
        var message = Array(#"{"body": ""#.utf8)
        message.reserveCapacity(self.body.count * 4 / 3 + 512)
        message.append(contentsOf: Base64.encode(isSingle ? self.body[1...] : self.body[...]))
        message.append(contentsOf: self.messageMiddle)
        message.append(contentsOf: #""routing_key": ""#.utf8)
        message.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        message.append(contentsOf: #""}, "priority": 0, "body_encoding": "base64", "delivery_tag": ""#.utf8)
        message.append(contentsOf: deliveryTag.utf8)
        message.append(contentsOf: #""}}"#.utf8)
        self.body.removeAll(keepingCapacity: true)
        self.count = 0
        return message
    }
}
