import Supervision
import Testing

@testable import Wire

@Suite struct FrameDecoderTests {
    /// A stream with every kind of report, payloads of many sizes.
    static let reports: [UInt8] = {
        var bytes: [UInt8] = []
        PlainFrame.write(.ready, into: &bytes)
        PlainFrame.write(.accepted, delivery: 7, into: &bytes)
        LogReport(level: 3, message: Array("hello".utf8)[...]).write(delivery: 7, into: &bytes)
        PlainFrame.write(.followUp, payload: Array(#"{"task":"a"}"#.utf8)[...], delivery: 7, into: &bytes)
        OutcomeReport(.success, content: Array("42".utf8)[...]).write(delivery: 7, into: &bytes)
        PlainFrame.write(.accepted, delivery: .max, into: &bytes)
        PlainFrame.write(.crash, payload: [UInt8](repeating: 0x43, count: 40)[...], into: &bytes)
        PlainFrame.write(.bootFailed, payload: [], into: &bytes)
        return bytes
    }()

    struct Frame: Equatable {
        var header: FrameHeader
        var payload: [UInt8]
    }

    /// Feeds the parts and returns all frames.
    static func frames(
        _ parts: [ArraySlice<UInt8>], _ direction: FrameDirection = .reports, limits: FrameLimits = FrameLimits()
    ) throws(FrameError) -> [Frame] {
        var decoder = FrameDecoder(direction, limits: limits)
        var frames: [Frame] = []
        for part in parts {
            part.withUnsafeBytes { decoder.append($0) }
            while let (header, payload) = try decoder.next() {
                frames.append(Frame(header: header, payload: Array(payload)))
            }
        }
        #expect(decoder.hasPartialFrame == false || parts.joined().count < Self.reports.count)
        return frames
    }

    @Test func aStreamIsCutIntoItsFrames() throws {
        let frames = try Self.frames([Self.reports[...]])
        #expect(
            frames.map(\.header.kind) == [
                .ready, .accepted, .log, .followUp, .outcome, .accepted, .crash, .bootFailed,
            ])
        #expect(frames.map(\.header.delivery) == [0, 7, 7, 7, 7, .max, 0, 0])
        #expect(frames[6].payload == [UInt8](repeating: 0x43, count: 40))
    }

    @Test func everySplitInTwoGivesTheSameFrames() throws {
        let whole = try Self.frames([Self.reports[...]])
        for cut in 0...Self.reports.count {
            #expect(try Self.frames([Self.reports[..<cut], Self.reports[cut...]]) == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: 1...40) func piecesOfAnySizeGiveTheSameFrames(size: Int) throws {
        let parts = stride(from: 0, to: Self.reports.count, by: size).map {
            Self.reports[$0..<min($0 + size, Self.reports.count)]
        }
        #expect(try Self.frames(parts) == Self.frames([Self.reports[...]]))
    }

    @Test func aTruncatedStreamIsAPartialFrameNotAnError() throws {
        for end in 0..<Self.reports.count {
            var decoder = FrameDecoder(.reports)
            Self.reports[..<end].withUnsafeBytes { decoder.append($0) }
            var size = 0
            while let (header, _) = try decoder.next() { size += FrameHeader.size + header.length }
            #expect(decoder.hasPartialFrame == (size < end))
        }
    }

    @Test func payloadsStayValidWhenMoreIsRead() throws {
        var decoder = FrameDecoder(.reports)
        Self.reports.withUnsafeBytes { decoder.append($0) }
        var payloads: [Bytes] = []
        while let (_, payload) = try decoder.next() { payloads.append(payload) }
        let copies = payloads.map(Array.init)
        for _ in 0..<10 {
            Self.reports.withUnsafeBytes { decoder.append($0) }
            while try decoder.next() != nil {}
        }
        #expect(payloads.map(Array.init) == copies)
    }

    // MARK: Large outcomes

    /// The frames of the stream with outcomes put together from their pieces, and the longest piece that came.
    private static func parts(_ parts: [ArraySlice<UInt8>]) throws(FrameError) -> (frames: [Frame], longest: Int) {
        var decoder = FrameDecoder(.reports, longestGathered: 37)
        var frames: [Frame] = []
        var (open, longest): (Frame?, Int) = (nil, 0)
        for part in parts {
            part.withUnsafeBytes { decoder.append($0) }
            while let next = try decoder.nextPart() {
                switch next {
                case .frame(let header, let payload): frames.append(Frame(header: header, payload: Array(payload)))
                case .piece(let header, let piece, let isLast):
                    #expect(decoder.hasPartialFrame || isLast)
                    longest = max(longest, piece.count)
                    open = Frame(header: header, payload: (open?.payload ?? []) + piece)
                    if isLast { frames.append(open!) }
                    if isLast { open = nil }
                }
            }
        }
        #expect(!decoder.hasPartialFrame && open == nil)
        return (frames, longest)
    }

    /// An outcome that is just short enough, one that is not, and what follows it.
    private static let largeOutcomes: [UInt8] = {
        var bytes: [UInt8] = []
        OutcomeReport(.success, content: [0x31]).write(delivery: 1, into: &bytes)
        OutcomeReport(.success, content: Array("\"0123456789\"".utf8)[...]).write(delivery: 2, into: &bytes)
        PlainFrame.write(.followUp, payload: [UInt8](repeating: 0x20, count: 50)[...], delivery: 3, into: &bytes)
        PlainFrame.write(.accepted, delivery: 3, into: &bytes)
        OutcomeReport(.failure, content: Array("{}".utf8)[...]).write(delivery: 3, into: &bytes)
        return bytes
    }()

    @Test func everySplitOfALargeOutcomeGivesTheSamePayload() throws {
        let stream = Self.largeOutcomes
        let whole = try Self.frames([stream[...]])
        for first in 0...stream.count {
            let found = try Self.parts([stream[..<first], stream[first...]])
            #expect(found.frames == whole, "cut at \(first)")
        }
        for size in 1...40 {
            let found = try Self.parts(
                stride(from: 0, to: stream.count, by: size).map { stream[$0..<min($0 + size, stream.count)] })
            #expect(found.frames == whole && found.longest <= size, "pieces of \(size)")
        }
    }

    @Test func onlyLargeOutcomesComeInPieces() throws {
        var decoder = FrameDecoder(.reports, longestGathered: 37)
        Self.largeOutcomes.withUnsafeBytes { decoder.append($0) }
        var inPieces: [UInt64] = []
        while let part = try decoder.nextPart() {
            if case .piece(let header, _, _) = part { inPieces.append(header.delivery) }
        }
        #expect(inPieces == [2, 3])
    }

    // MARK: Errors

    static func header(magic: [UInt8] = [0x43, 0x65], version: UInt8 = 1, kind: UInt8, length: UInt32 = 0) -> [UInt8] {
        var bytes = magic + [version, kind]
        bytes.append(integer: length)
        bytes.append(integer: UInt64(0))
        return bytes
    }

    @Test(
        arguments: [
            (header(magic: [0, 0], kind: 0x81), .badMagic), (header(magic: [0x43, 0], kind: 0x81), .badMagic),
            ([0x41, 0x42], .badMagic),
            (header(version: 0, kind: 0x81), .unknownVersion(0)), (header(version: 2, kind: 0x81), .unknownVersion(2)),
            (header(kind: 0), .unknownKind(0)), (header(kind: 0x80), .unknownKind(0x80)),
            (header(kind: 0xFF), .unknownKind(0xFF)),
            (header(kind: 1), .unknownKind(1)), (header(kind: 2), .unknownKind(2)),
            (header(kind: 0x82, length: 1), .tooLong(kind: .accepted, length: 1, limit: 0)),
            (header(kind: 0x85, length: 65_537), .tooLong(kind: .log, length: 65_537, limit: 65_536)),
            (header(kind: 0x83, length: .max), .tooLong(kind: .outcome, length: 4_294_967_295, limit: 65 << 20)),
        ] as [([UInt8], FrameError)])
    func bytesThatAreNoFramesAreErrors(bytes: [UInt8], error: FrameError) {
        #expect(throws: error) { try Self.frames([bytes[...]]) }
        #expect(!error.description.isEmpty)
    }

    @Test func ordersAndReportsDoNotMix() {
        #expect(throws: FrameError.unknownKind(0x81)) { try Self.frames([Self.reports[...]], .orders) }
    }

    @Test func anErrorIsFinal() throws {
        var decoder = FrameDecoder(.reports)
        [UInt8](repeating: 0, count: 32).withUnsafeBytes { decoder.append($0) }
        #expect(throws: FrameError.badMagic) { try decoder.next() }
        Self.reports.withUnsafeBytes { decoder.append($0) }
        #expect(throws: FrameError.badMagic) { try decoder.next() }
    }

    @Test func aClaimedLengthAllocatesNothing() throws {
        var decoder = FrameDecoder(.reports)
        Self.header(kind: 0x83, length: 60 << 20).withUnsafeBytes { decoder.append($0) }
        #expect(try decoder.next() == nil)
        #expect(decoder.hasPartialFrame)
    }

    @Test(arguments: [
        (FrameKind.task, 10), (.outcome, 20), (.followUp, 20), (.log, 30), (.bootFailed, 30), (.crash, 30), (.stop, 0),
        (.accepted, 0),
    ])
    func eachKindHasItsLimit(kind: FrameKind, limit: Int) throws {
        let limits = FrameLimits(task: 10, outcome: 20, text: 30)
        let direction: FrameDirection = kind.rawValue < 0x80 ? .orders : .reports
        let fits = Self.header(kind: kind.rawValue, length: UInt32(limit)) + [UInt8](repeating: 0, count: limit)
        #expect(try Self.frames([fits[...]], direction, limits: limits).count == 1)
        let tooLong = Self.header(kind: kind.rawValue, length: UInt32(limit + 1))
        #expect(throws: FrameError.tooLong(kind: kind, length: limit + 1, limit: limit)) {
            try Self.frames([tooLong[...]], direction, limits: limits)
        }
    }

    // MARK: Mutation

    /// Damaged streams end in frames or an error, never in a trap, and never in a payload above its limit.
    @Test(arguments: UInt64(1)...50) func damagedStreamsAreHandled(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var bytes = Self.reports
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            var decoder = FrameDecoder(.reports)
            let cut = Int.random(in: 0...bytes.count, using: &random)
            do {
                for part in [bytes[..<cut], bytes[cut...]] {
                    part.withUnsafeBytes { decoder.append($0) }
                    while let (header, payload) = try decoder.next() {
                        if payload.count != header.length { Issue.record("seed \(seed): length differs") }
                        Self.decodeEverything(payload)
                    }
                }
            } catch { #expect(!error.description.isEmpty, "seed \(seed)") }
        }
    }

    static func decodeEverything(_ payload: Bytes) {
        _ = try? OutcomeReport(decoding: payload)
        _ = try? LogReport(decoding: payload)
        _ = try? TaskOrder.decode(payload)
        _ = TemplateOrder(decoding: Array(payload))
        _ = TemplateReport(decoding: Array(payload))
    }
}
