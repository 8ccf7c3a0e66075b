import Supervision
import Testing
import Traces

@testable import Wire

@Suite struct PayloadTests {
    /// The payload of the only frame in the bytes.
    static func payload(_ bytes: [UInt8], _ direction: FrameDirection = .reports) throws -> (FrameHeader, Bytes) {
        var decoder = FrameDecoder(direction)
        bytes.withUnsafeBytes { decoder.append($0) }
        let frame = try #require(try decoder.next())
        #expect(!decoder.hasPartialFrame)
        return (frame.header, frame.payload)
    }

    // MARK: Ledger reports

    @Test func aLedgerReportComesBack() throws {
        let report = LedgerReport(heap: .max, privateMemory: 1 << 40, descriptors: 9, threads: .max)
        var bytes: [UInt8] = []
        report.write(into: &bytes)
        let (header, payload) = try Self.payload(bytes)
        #expect(header == FrameHeader(.ledger, length: 24))
        #expect(try LedgerReport(decoding: payload) == report)
        #expect(throws: FrameError.badPayload(.ledger)) { try LedgerReport(decoding: payload.dropLast()) }
    }

    @Test func aLongLedgerReportIsNotRead() {
        var bytes: [UInt8] = []
        FrameHeader(.ledger, length: 25).write(into: &bytes)
        var decoder = FrameDecoder(.reports)
        bytes.withUnsafeBytes { decoder.append($0) }
        #expect(throws: FrameError.tooLong(kind: .ledger, length: 25, limit: 24)) { try decoder.next() }
    }

    // MARK: Task orders

    static func order() -> TaskOrder {
        var order = TaskOrder(attempt: 3, name: Array("tasks.add".utf8)[...], id: Array("ä-1".utf8)[...])
        order.isLast = true
        order.softTimeNanoseconds = 1
        order.hardTimeNanoseconds = 1 << 40
        order.resultLimit = 64 << 20
        order.openFiles = 256
        order.fileSize = .max
        order.dataGrowth = 3 << 30
        order.trace = TraceContext(traceID: .max - 1, spanID: 1 << 63, flags: 1)
        return order
    }

    @Test(arguments: [0, 1, 5_000]) func aTaskOrderComesBackWithItsBody(size: Int) throws {
        let order = Self.order()
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        var bytes: [UInt8] = []
        order.write(delivery: 9, bodyLength: body.count, into: &bytes)
        #expect(bytes.count == order.frameSize)
        let (header, payload) = try Self.payload(bytes + body, .orders)
        #expect(header.kind == .task && header.delivery == 9)
        let decoded = try TaskOrder.decode(payload)
        #expect(decoded.order == order)
        #expect(Array(decoded.body) == body)
    }

    @Test func anIdOfAnyLengthCanBeSent() throws {
        let id = [UInt8](repeating: UInt8(ascii: "i"), count: 70_000)
        let order = TaskOrder(attempt: 1, name: id[...], id: id[...])
        var bytes: [UInt8] = []
        order.write(delivery: 1, bodyLength: 0, into: &bytes)
        #expect(bytes.count == order.frameSize)
        let decoded = try TaskOrder.decode(Self.payload(bytes, .orders).1).order
        #expect(decoded.id == id.prefix(65_535))
    }

    @Test func aTruncatedTaskOrderIsAnError() throws {
        var bytes: [UInt8] = []
        Self.order().write(delivery: 9, bodyLength: 0, into: &bytes)
        let payload = bytes.dropFirst(FrameHeader.size)
        for length in 0..<payload.count {
            #expect(throws: FrameError.badPayload(.task)) { try TaskOrder.decode(payload.prefix(length)) }
        }
        #expect(try TaskOrder.decode(payload).body.isEmpty)
    }

    // MARK: Outcomes

    @Test(
        arguments: [OutcomeReport.State.success, .failure, .retry, .rejected],
        [nil, 0, 1_500_000_000, UInt64.max - 1] as [UInt64?]
    )
    func anOutcomeComesBack(state: OutcomeReport.State, countdown: UInt64?) throws {
        var report = OutcomeReport(state, content: Array(#"{"a":1}"#.utf8)[...])
        report.wasCancelled = true
        report.leftovers = .max
        report.runTimeNanoseconds = 1
        report.cpuNanoseconds = 2
        report.peakMemory = .max
        report.countdownNanoseconds = countdown
        var bytes: [UInt8] = []
        report.write(delivery: 77, into: &bytes)
        let (header, payload) = try Self.payload(bytes)
        #expect(header == FrameHeader(.outcome, length: payload.count, delivery: 77))
        #expect(try OutcomeReport(decoding: payload) == report)
    }

    @Test func aTruncatedOutcomeOrOneOfUnknownStateIsAnError() throws {
        var bytes: [UInt8] = []
        OutcomeReport(.success, content: []).write(delivery: 1, into: &bytes)
        var payload = bytes.dropFirst(FrameHeader.size)
        #expect(payload.count == 36)
        for length in 0..<payload.count {
            #expect(throws: FrameError.badPayload(.outcome)) { try OutcomeReport(decoding: payload.prefix(length)) }
        }
        for state: UInt8 in [0, 5, 255] {
            payload[payload.startIndex] = state
            #expect(throws: FrameError.badPayload(.outcome)) { try OutcomeReport(decoding: payload) }
        }
    }

    // MARK: Log

    @Test(arguments: UInt8(0)...6) func aLogRecordComesBack(level: UInt8) throws {
        let report = LogReport(level: level, message: Array("größer".utf8)[...])
        var bytes: [UInt8] = []
        report.write(delivery: 5, into: &bytes)
        let (header, payload) = try Self.payload(bytes)
        #expect(header.kind == .log && header.delivery == 5)
        #expect(try LogReport(decoding: payload) == report)
    }

    @Test(arguments: [[], [7], [255, 65]] as [[UInt8]]) func aLogRecordWithoutALevelIsAnError(payload: [UInt8]) {
        #expect(throws: FrameError.badPayload(.log)) { try LogReport(decoding: payload[...]) }
    }
}

@Suite struct TemplateMessageTests {
    static let orders: [TemplateOrder] = [
        .fork(serial: 1, pool: 0, place: 2, groups: .none),
        .fork(serial: .max, pool: .max, place: .max, groups: ForkGroups(count: 4, isUnified: false)),
        .fork(serial: 2, pool: 1, place: 0, groups: ForkGroups(count: 1, isUnified: true)), .sample(serial: 9),
        .symbolicate(request: 3, record: []),
        .symbolicate(request: .max, record: [1, 2, 3]),
    ]

    static let reports: [TemplateReport] = [
        .ready, .failed(reason: ""), .failed(reason: "two threads: größer"), .forked(serial: 5, pid: 4_194_304),
        .forkFailed(serial: .max, errorNumber: 11), .symbolicated(request: 8, []), .symbolicated(request: 8, [91, 93]),
        .exited(
            .init(serial: 1, signalled: true, status: 11, cpuMicroseconds: 2, peakResident: 3, leftovers: 4)),
        .exited(
            .init(
                serial: .max, signalled: false, status: -1, cpuMicroseconds: .max, peakResident: .max, leftovers: .max)
        ),
    ]

    @Test(arguments: Self.orders) func anOrderComesBack(_ order: TemplateOrder) {
        #expect(TemplateOrder(decoding: order.encoded) == order)
    }

    @Test(arguments: Self.reports) func aReportComesBack(_ report: TemplateReport) {
        #expect(TemplateReport(decoding: report.encoded) == report)
    }

    @Test func aTruncatedMessageOfFixedSizeIsRefused() {
        for order in Self.orders.prefix(2) {
            for length in 0..<order.encoded.count {
                #expect(TemplateOrder(decoding: Array(order.encoded.prefix(length))) == nil)
            }
        }
        for report in [Self.reports[3], Self.reports[4], Self.reports[7]] {
            for length in 0..<report.encoded.count {
                #expect(TemplateReport(decoding: Array(report.encoded.prefix(length))) == nil)
            }
        }
    }

    @Test func unknownMessagesAreRefused() {
        for kind in UInt8(0)...255 {
            let message = [kind] + [UInt8](repeating: 0, count: 64)
            #expect((TemplateOrder(decoding: message) == nil) == !(1...3).contains(kind))
            #expect((TemplateReport(decoding: message) == nil) == !(1...7).contains(kind))
        }
        #expect(TemplateOrder(decoding: []) == nil)
        #expect(TemplateReport(decoding: []) == nil)
    }

    @Test func aLongReasonIsCutAndAlwaysText() {
        let report = TemplateReport.failed(reason: String(repeating: "ö", count: 20_000))
        #expect(report.encoded.count <= 1 + 16_384)
        guard case .failed(let reason)? = TemplateReport(decoding: report.encoded) else {
            Issue.record("not a failure")
            return
        }
        #expect(reason.hasPrefix("öö"))
    }
}
