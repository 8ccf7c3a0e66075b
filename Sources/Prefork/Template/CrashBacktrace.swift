import CrashReports
import JSON
import Wire

/// What a crash record says, on its way from the template's helper to the outcome.
struct CrashBacktrace: Equatable {
    /// What the runtime said, or what is known of the fault.
    var message: String?
    /// Frames, innermost first.
    var frames: [String]

    init(_ description: CrashDescription) {
        self.message = description.message
        self.frames = description.frames.map { "\($0)" }
        if description.omittedFrames > 0 { self.frames.append("… \(description.omittedFrames) frames left out …") }
    }

    /// Describes a crash, or the stacks of several threads, each below a line of its own; `nil` for what is neither.
    init?(describing bytes: Bytes) {
        let records = stride(from: 0, to: bytes.count, by: CrashRecord.byteCount).compactMap { start in
            CrashRecord(bytes.dropFirst(start).prefix(CrashRecord.byteCount))
        }
        guard let first = records.first else { return nil }
        if first.signal != 0 { self.init(Symbolizer.describe(first)) } else { self.init(stacks: records) }
    }

    private init(stacks records: [CrashRecord]) {
        self.frames = records.enumerated().flatMap { Self.stack($0 + 1, $1) }
    }

    private static func stack(_ number: Int, _ record: CrashRecord) -> [String] {
        // No ids: what is found for one child may be told of another that is at the same place.
        let title = record.thread == record.process ? "main thread" : "thread \(number)"
        return [title] + CrashBacktrace(Symbolizer.describe(record)).frames.map { "  \($0)" }
    }

    /// Reads ``encoded``; `nil` when the helper could not do its work.
    init?(decoding bytes: Bytes) {
        guard let value = try? JSONValue(parsing: bytes), case .array(let frames)? = value["frames"] else { return nil }
        if case .string(let message)? = value["message"] { self.message = message }
        self.frames = frames.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// As JSON, small enough for one message.
    var encoded: [UInt8] {
        var frames = self.frames.map { String($0.prefix(600)) }
        while true {
            let value: JSONValue = [
                "message": self.message.map { .string(String($0.prefix(2_000))) } ?? .null,
                "frames": .array(frames.map { .string($0) }),
            ]
            let bytes = value.serialized()
            if bytes.count < 60_000 { return bytes }
            frames.removeLast()
        }
    }
}
