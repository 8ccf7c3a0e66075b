import Logging

/// How log lines are written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `TIME LEVEL message key=value key="another value"`, keys sorted.
    case text
    /// One JSON object a line: `time`, `level`, `message`, and a string for each key, sorted.
    case json
}

/// One line of the log before it is written.
struct LogRecord {
    var time: Timestamp
    var level: Logger.Level
    var message: String
    var fields: [Field]

    /// A key and the bytes of its value.
    struct Field {
        var key: String
        var value: [UInt8]
    }

    /// The line with its newline.
    func line(_ format: LogFormat) -> [UInt8] {
        var buffer: [UInt8] = []
        switch format {
        case .text: self.writeText(into: &buffer)
        case .json: self.writeJSON(into: &buffer)
        }
        buffer.append(UInt8(ascii: "\n"))
        return buffer
    }

    private var sortedFields: [Field] { self.fields.sorted { $0.key < $1.key } }

    private func writeText(into buffer: inout [UInt8]) {
        buffer += self.time.bytes
        buffer.append(contentsOf: " \(self.level.rawValue) ".utf8)
        LogText.writeValue(Array(self.message.utf8)[...], into: &buffer)
        for field in self.sortedFields {
            buffer.append(UInt8(ascii: " "))
            LogText.writeValue(Array(field.key.utf8)[...], into: &buffer)
            buffer.append(UInt8(ascii: "="))
            LogText.writeValue(field.value[...], into: &buffer)
        }
    }

    private static let ownKeys: Set<String> = ["time", "level", "message"]

    private func writeJSON(into buffer: inout [UInt8]) {
        buffer.append(contentsOf: #"{"time":"\#(self.time)","level":"\#(self.level.rawValue)","message":"#.utf8)
        LogText.writeJSON(Array(self.message.utf8)[...], into: &buffer)
        for field in self.sortedFields {
            let key = Self.ownKeys.contains(field.key) ? "metadata." + field.key : field.key
            buffer.append(UInt8(ascii: ","))
            LogText.writeJSON(Array(key.utf8)[...], into: &buffer)
            buffer.append(UInt8(ascii: ":"))
            LogText.writeJSON(field.value[...], into: &buffer)
        }
        buffer.append(UInt8(ascii: "}"))
    }
}
