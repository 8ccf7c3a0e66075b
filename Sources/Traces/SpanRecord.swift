import JSON

/// A span that is over, as it is told to whoever collects spans.
public struct SpanRecord: Equatable, Sendable {
    /// What a span is in OTLP's numbers.
    public enum Kind: Int, Sendable {
        /// Something within the worker.
        case `internal` = 1
        /// The sending of a message.
        case producer = 4
        /// What a message asked for.
        case consumer = 5
    }

    /// The trace, and this span in it.
    public var context: TraceContext
    /// The span that it is a part of; `nil` for the trace's first.
    public var parent: UInt64?
    /// Its name.
    public var name: String
    /// What it is.
    public var kind: Kind
    /// When it began, in nanoseconds since 1970.
    public var start: UInt64
    /// When it ended, in nanoseconds since 1970; not before ``start``.
    public var end: UInt64
    /// What else is known of it, in this order.
    public var attributes: [(key: String, value: JSONValue)] = []
    /// What went wrong; `nil` when nothing did.
    public var error: String?

    /// A span without attributes. An end before the start, as a clock that was put back may have it, is the start.
    public init(
        _ context: TraceContext, parent: UInt64?, name: String, kind: Kind, start: UInt64, end: UInt64
    ) {
        (self.context, self.parent, self.name, self.kind) = (context, parent, name, kind)
        (self.start, self.end) = (start, max(start, end))
    }

    public static func == (one: SpanRecord, other: SpanRecord) -> Bool { one.json == other.json }
}

extension SpanRecord {
    /// Most bytes of a text.
    private static let longestText = 1_024

    /// The span as OTLP's JSON has it.
    public var json: JSONValue {
        var span: JSONObject = [
            "traceId": .string(self.context.traceText), "spanId": .string(self.context.spanText),
            "name": .string(Self.cut(self.name)), "kind": .number(JSONNumber(self.kind.rawValue)),
            "startTimeUnixNano": .string("\(self.start)"), "endTimeUnixNano": .string("\(self.end)"),
            "attributes": .array(self.attributes.map { Self.attribute($0.key, $0.value) }),
        ]
        span["parentSpanId"] = self.parent.map { .string(Hexadecimal.text($0)) }
        span["status"] = self.error.map { ["code": 2, "message": .string(Self.cut($0))] } ?? [:]
        return .object(span)
    }

    private static func attribute(_ key: String, _ value: JSONValue) -> JSONValue {
        let typed: JSONValue =
            switch value {
            case .string(let text): ["stringValue": .string(self.cut(text))]
            case .bool: ["boolValue": value]
            case .number(let number):
                number.asInt.map { ["intValue": .string("\($0)")] } ?? ["doubleValue": value]
            default: ["stringValue": .string(value.description)]
            }
        return ["key": .string(key), "value": typed]
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count > self.longestText ? String(decoding: text.utf8.prefix(self.longestText), as: UTF8.self) : text
    }
}
