import JSON
import Traces

/// What senders say of traces. What is taken is written as it was, as far as this version of the format goes, and a span
/// of any text is a line of JSON.
func exerciseTraces(_ bytes: [UInt8]) {
    guard let context = TraceContext(parsing: bytes) else { return checkSpan(bytes, nil) }
    let text = Array(context.text.utf8)
    precondition(TraceContext(parsing: text) == context, "What is written is read alike.")
    precondition(text[2..<53] == bytes[2..<53], "Ids stay as they are.")
    checkSpan(Array(bytes.dropFirst(55)), context)
}

private func checkSpan(_ bytes: [UInt8], _ context: TraceContext?) {
    guard let context = context ?? TraceContext(traceID: 1, spanID: 2, flags: 1) else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    var span = SpanRecord(context, parent: nil, name: text, kind: .consumer, start: 2, end: 1)
    span.attributes = [(text, .string(text))]
    span.error = text
    let line = span.json.serialized()
    precondition(!line.contains(UInt8(ascii: "\n")), "A span is one line.")
    precondition((try? JSONValue(parsing: line[...])) != nil, "A span is JSON.")
    var outbox = SpanOutbox()
    outbox.add(span)
    precondition(outbox.dropped == 1 || outbox.next()?.spans == 1, "A span is taken on, or counted as dropped.")
}
