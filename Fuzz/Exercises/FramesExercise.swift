import Wire

/// Frames of both directions, and the messages between master and template: whatever the bytes, a decoder returns or
/// throws; the same bytes in pieces give the same frames; what decodes encodes to the same bytes.
func exerciseFrames(_ bytes: [UInt8]) {
    for direction in [FrameDirection.orders, .reports] {
        let whole = frames(in: [bytes], direction)
        let split = bytes.count / 3
        let pieces = frames(in: [Array(bytes[..<split]), Array(bytes[split...])], direction)
        precondition(whole == pieces, "A stream decodes alike however it is split.")
        precondition(whole == largeFrames(in: [bytes], direction), "Large outcomes are the same from their pieces.")
        for frame in whole.frames { decodePayload(frame.header, frame.payload) }
    }
    checkRoundTrips(bytes)
    checkPage(bytes)
}

/// A page of breadcrumbs is read whatever a child writes into it, and no more text comes out than fits.
private func checkPage(_ bytes: [UInt8]) {
    var page = Array(bytes.prefix(BreadcrumbPage.byteCount))
    page += [UInt8](repeating: 0, count: BreadcrumbPage.byteCount - page.count)
    withUnsafeBytes(of: BreadcrumbPage.magic.littleEndian) { page.replaceSubrange(0..<4, with: $0) }
    withUnsafeBytes(of: BreadcrumbPage.version.littleEndian) { page.replaceSubrange(4..<8, with: $0) }
    withUnsafeBytes(of: UInt64(1).littleEndian) { page.replaceSubrange(8..<16, with: $0) }
    guard let read = BreadcrumbPage(page, child: 1) else { preconditionFailure("It is a page of this child.") }
    precondition(read.crumbs.count <= BreadcrumbPage.Ring.capacity)
    for crumb in read.crumbs {
        precondition(crumb.text.utf8.count <= 11 * BreadcrumbPage.Ring.longestText, "Escapes are short.")
        precondition(!crumb.text.utf8.contains { $0 < 0x20 }, "No control characters.")
    }
}

struct Decoded: Equatable {
    var frames: [Frame] = []
    var error: FrameError?
}

struct Frame: Equatable {
    let header: FrameHeader
    let payload: Bytes
}

private func frames(in chunks: [[UInt8]], _ direction: FrameDirection) -> Decoded {
    var decoder = FrameDecoder(direction, limits: FrameLimits(task: 4_096, outcome: 4_096, text: 1_024))
    var decoded = Decoded()
    do throws(FrameError) {
        for chunk in chunks {
            chunk.withUnsafeBytes { decoder.append($0) }
            while let (header, payload) = try decoder.next() {
                decoded.frames.append(Frame(header: header, payload: payload))
            }
        }
    } catch {
        decoded.error = error
    }
    return decoded
}

/// The same with outcomes of more than 8 bytes in pieces.
private func largeFrames(in chunks: [[UInt8]], _ direction: FrameDirection) -> Decoded {
    let limits = FrameLimits(task: 4_096, outcome: 4_096, text: 1_024)
    var decoder = FrameDecoder(direction, limits: limits, longestGathered: 8)
    var decoded = Decoded()
    var open: [UInt8] = []
    do throws(FrameError) {
        for chunk in chunks {
            chunk.withUnsafeBytes { decoder.append($0) }
            while let part = try decoder.nextPart() {
                switch part {
                case .frame(let header, let payload): decoded.frames.append(Frame(header: header, payload: payload))
                case .piece(let header, let piece, let isLast):
                    open += piece
                    if isLast { decoded.frames.append(Frame(header: header, payload: open[...])) }
                    if isLast { open = [] }
                }
            }
        }
    } catch {
        decoded.error = error
    }
    return decoded
}

private func decodePayload(_ header: FrameHeader, _ payload: Bytes) {
    var encoded: [UInt8] = []
    switch header.kind {
    case .task: checkOrder(payload)
    case .aftermath: _ = try? Aftermath(decoding: payload)
    case .outcome:
        guard let report = try? OutcomeReport(decoding: payload) else { return }
        report.write(delivery: header.delivery, into: &encoded)
        guard let again = try? OutcomeReport(decoding: encoded[FrameHeader.size...]) else {
            preconditionFailure("An encoded report decodes.")
        }
        precondition(again == report, "A report survives its encoding.")
    case .log: _ = try? LogReport(decoding: payload)
    case .ledger:
        guard let report = try? LedgerReport(decoding: payload) else { return }
        report.write(into: &encoded)
        precondition(encoded[FrameHeader.size...] == payload, "A ledger report survives its encoding.")
    case .stop, .ready, .accepted, .followUp, .bootFailed, .crash: break
    }
}

private func checkRoundTrips(_ bytes: [UInt8]) {
    if let order = TemplateOrder(decoding: bytes) {
        precondition(TemplateOrder(decoding: order.encoded) == order, "An order survives its encoding.")
    }
    if let report = TemplateReport(decoding: bytes) {
        precondition(TemplateReport(decoding: report.encoded) == report, "A report survives its encoding.")
    }
}

/// The body of an order that joins a chord has the items that it was made of.
private func checkOrder(_ payload: ArraySlice<UInt8>) {
    guard let (_, body) = try? TaskOrder.decode(payload), let join = try? JoinOrder(decoding: body) else { return }
    precondition(join.size == body.count, "An order to join is read to its end.")
}
