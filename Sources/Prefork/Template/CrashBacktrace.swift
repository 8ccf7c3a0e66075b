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
