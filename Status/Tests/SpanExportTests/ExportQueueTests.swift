import Foundation
import SpanExport
import Testing

struct ExportQueueTests {
    private static let start = ContinuousClock.now

    private static func span(_ number: Int) -> Data { Data(#"{"traceId":"a","spanId":"\#(number)"}"#.utf8) }

    private static func queue(_ spans: Int, batch: Int = 2, waiting: Int = 100) -> ExportQueue {
        var limits = ExportQueue.Limits()
        (limits.batch, limits.waiting) = (batch, waiting)
        var queue = ExportQueue(limits, now: self.start)
        for number in 0..<spans { queue.add(self.span(number), now: self.start) }
        return queue
    }

    @Test func fullBatchesGoAtOnceAndOthersWaitALittle() {
        var queue = Self.queue(3)
        #expect(queue.nextBatch(now: Self.start)?.count == 2)
        #expect(queue.nextBatch(now: Self.start) == nil, "one is under way")
        queue.answered(.taken, now: Self.start)
        #expect(queue.nextBatch(now: Self.start) == nil)
        #expect(queue.nextBatch(now: Self.start + .seconds(1)) == [Self.span(2)])
        queue.answered(.taken, now: Self.start)
        #expect(queue.nextSending == nil)
        #expect(queue.counts.exported == 3)
    }

    @Test func theSameBatchIsSentAgainLaterAndLater() {
        var queue = Self.queue(2)
        var now = Self.start
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            #expect(queue.nextBatch(now: now) == [Self.span(0), Self.span(1)])
            queue.answered(.later(nil), now: now)
            #expect(queue.nextSending == now + .seconds(wait))
            #expect(queue.nextBatch(now: now + .seconds(wait) - .milliseconds(1)) == nil)
            now += .seconds(wait)
        }
        #expect(queue.nextBatch(now: now) != nil)
        queue.answered(.taken, now: now)
        #expect(queue.counts.exported == 2 && queue.counts.dropped == 0)
    }

    @Test func theCollectorMaySayHowLong() {
        var queue = Self.queue(2)
        _ = queue.nextBatch(now: Self.start)
        queue.answered(.later(.seconds(7)), now: Self.start)
        #expect(queue.nextSending == Self.start + .seconds(7))
    }

    @Test func whatIsNotWantedIsNotSentAgain() {
        var queue = Self.queue(2)
        _ = queue.nextBatch(now: Self.start)
        queue.answered(.refused, now: Self.start)
        #expect(queue.nextSending == nil)
        #expect(queue.counts.refused == 2)
    }

    @Test func whatDoesNotFitIsDropped() {
        var queue = Self.queue(12, waiting: 10)
        #expect(queue.counts.dropped == 2)
        _ = queue.nextBatch(now: Self.start)
        queue.add(Self.span(99), now: Self.start)
        #expect(queue.counts.dropped == 3, "what is under way takes its room until it is over")
        queue.answered(.taken, now: Self.start)
        queue.add(Self.span(99), now: Self.start)
        #expect(queue.counts.dropped == 3)
    }

    @Test(arguments: ["nonsense", "[]", "{}", #"{"traceId": 1, "spanId": "a"}"#, #"{"traceId":"a","spanId":"b"}}"#])
    func whatIsNoSpanSpoilsNothing(_ line: String) {
        var queue = Self.queue(0)
        queue.add(Data((line + "\n").utf8) + Self.span(1), now: Self.start)
        #expect(queue.counts.dropped == 1)
        #expect(queue.nextBatch(now: Self.start, isLast: true) == [Self.span(1)])
    }
}
