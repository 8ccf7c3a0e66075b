import JSON
import Supervision
import Testing
import Traces

struct SpanPolicyTests {
    private static let sampled = TraceContext(traceID: 5, spanID: 6, flags: 1)
    private static let notSampled = TraceContext(traceID: 5, spanID: 6, flags: 0)

    @Test func withoutACollectorTheMessagesOwnContextIsPassedOn() {
        var random = SeededGenerator(seed: 1)
        let policy = SpanPolicy(ratio: nil)
        #expect(policy.attempt(of: nil, using: &random) == nil)
        let trace = policy.attempt(of: Self.sampled, using: &random)
        #expect(trace?.context == Self.sampled)
        #expect(trace?.isRecorded == false)
    }

    @Test(arguments: [0, 1.0]) func theSenderDecidesWhetherItsTraceIsRecorded(_ ratio: Double) {
        var random = SeededGenerator(seed: 1)
        let policy = SpanPolicy(ratio: ratio)
        let recorded = policy.attempt(of: Self.sampled, using: &random)
        #expect(recorded?.isRecorded == true)
        #expect(recorded?.parent == 6)
        #expect(recorded?.context.traceID == 5)
        #expect(recorded?.context.spanID != 6)
        let passed = policy.attempt(of: Self.notSampled, using: &random)
        #expect(passed?.isRecorded == false)
        #expect(passed?.context == Self.notSampled)
    }

    @Test func theGivenPartOfTheOthersBeginsATrace() {
        var random = SeededGenerator(seed: 1)
        #expect(SpanPolicy(ratio: 0).attempt(of: nil, using: &random) == nil)
        let traces = (0..<4_000).compactMap { _ in SpanPolicy(ratio: 0.25).attempt(of: nil, using: &random) }
        #expect((900...1_100).contains(traces.count { $0.isRecorded }))
        // What is not recorded is not asked about again further on: it is in a trace that says so.
        #expect(traces.count == 4_000)
        #expect(traces.allSatisfy { $0.context.isSampled == $0.isRecorded && $0.parent == nil })
        #expect(Set(traces.map(\.context.traceID)).count == 4_000)
    }
}

struct SpanRecordTests {
    private static func span(name: String = "run/tasks.add", end: UInt64 = 20) throws -> SpanRecord {
        let context = try #require(TraceContext(traceID: 0xAB, spanID: 0xCD, flags: 1))
        return SpanRecord(context, parent: 0xEF, name: name, kind: .consumer, start: 10, end: end)
    }

    @Test func spansHaveTheFormOfOTLP() throws {
        var span = try Self.span()
        span.attributes = [("celery.task_name", "tasks.add"), ("process.pid", 7), ("ok", true)]
        span.error = "ValueError: no"
        let expected =
            #"{"traceId":"000000000000000000000000000000ab","spanId":"00000000000000cd","#
            + #""name":"run/tasks.add","kind":5,"startTimeUnixNano":"10","endTimeUnixNano":"20","attributes":["#
            + #"{"key":"celery.task_name","value":{"stringValue":"tasks.add"}},"#
            + #"{"key":"process.pid","value":{"intValue":"7"}},{"key":"ok","value":{"boolValue":true}}],"#
            + #""parentSpanId":"00000000000000ef","status":{"code":2,"message":"ValueError: no"}}"#
        #expect(span.json.description == expected)
    }

    @Test func clocksThatArePutBackMakeNoNegativeSpans() throws {
        #expect(try Self.span(end: 9).end == 10)
    }

    @Test func longTextsAreCutAtAWholeCharacter() throws {
        let json = try Self.span(name: String(repeating: "ä", count: 2_000)).json
        guard case .string(let name)? = json["name"] else { Issue.record("no name"); return }
        #expect(name.utf8.count <= 1_026)
    }
}

struct SpanOutboxTests {
    private static func span(_ name: String = "run/t") throws -> SpanRecord {
        let context = try #require(TraceContext(traceID: 1, spanID: 2, flags: 1))
        return SpanRecord(context, parent: nil, name: name, kind: .consumer, start: 1, end: 2)
    }

    @Test func spansGoOutTogetherAndOnce() throws {
        var outbox = SpanOutbox()
        for _ in 0..<3 { outbox.add(try Self.span()) }
        let datagram = try #require(outbox.next())
        #expect(datagram.spans == 3)
        #expect(datagram.bytes.split(separator: UInt8(ascii: "\n")).count == 3)
        outbox.remove(3)
        #expect(outbox.isEmpty)
        #expect(outbox.next() == nil)
        #expect(outbox.sent == 3)
    }

    @Test func aDatagramIsNeverTooLarge() throws {
        var outbox = SpanOutbox()
        for _ in 0..<1_000 { outbox.add(try Self.span(String(repeating: "x", count: 500))) }
        var spans = 0
        while let datagram = outbox.next() {
            #expect(datagram.bytes.count <= SpanOutbox.datagram)
            spans += datagram.spans
            outbox.remove(datagram.spans)
        }
        #expect(spans == 1_000)
    }

    @Test func whatIsTooMuchIsDroppedAndCounted() throws {
        var outbox = SpanOutbox()
        for _ in 0..<10_000 { outbox.add(try Self.span(String(repeating: "x", count: 500))) }
        #expect(outbox.dropped > 5_000)
        let first = try #require(outbox.next())
        let dropped = outbox.dropped
        outbox.remove(first.spans, areDropped: true)
        #expect(outbox.dropped == dropped + first.spans)
        // There is room again.
        outbox.add(try Self.span())
        #expect(outbox.dropped == dropped + first.spans)
    }
}
