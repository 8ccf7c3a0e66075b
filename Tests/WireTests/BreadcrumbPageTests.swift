import Testing

@testable import Wire

@Suite struct BreadcrumbPageTests {
    @Test func aPageIsRead() throws {
        var page = Page(child: 7)
        page.store(UInt64(9), at: BreadcrumbPage.Offset.delivery)
        page.store(UInt32(2), at: BreadcrumbPage.Offset.phase)
        page.leave("opened", time: 100, delivery: 9)
        page.leave("read", time: 200, delivery: 9)
        let read = try #require(BreadcrumbPage(page.bytes, child: 7))
        #expect(read.delivery == 9)
        #expect(read.phase == .running)
        #expect(read.crumbs.map(\.text) == ["opened", "read"])
        #expect(read.crumbs.map(\.time) == [100, 200])
    }

    @Test func aPageOfAnotherChildOrSizeIsNone() {
        let page = Page(child: 7)
        #expect(BreadcrumbPage(page.bytes, child: 8) == nil)
        #expect(BreadcrumbPage(page.bytes.dropLast(), child: 7) == nil)
        #expect(BreadcrumbPage([UInt8](repeating: 0, count: BreadcrumbPage.byteCount), child: 0) == nil)
    }

    @Test func theRingKeepsTheLast() throws {
        var page = Page(child: 1)
        for number in 1...100 { page.leave("\(number)", time: 0, delivery: 1) }
        let read = try #require(BreadcrumbPage(page.bytes, child: 1))
        #expect(read.crumbs.map(\.text) == (70...100).map { "\($0)" })
        #expect(read.count == 100)
    }

    @Test func whatIsBeingWrittenIsLeftOut() throws {
        var page = Page(child: 1)
        page.leave("a", time: 0, delivery: 1)
        page.leave("b", time: 0, delivery: 1)
        page.store(UInt64(0), at: BreadcrumbPage.Ring.offset(of: 1))
        #expect(try #require(BreadcrumbPage(page.bytes, child: 1)).crumbs.map(\.text) == ["b"])
    }

    @Test func hostileTextIsHarmless() throws {
        var page = Page(child: 1)
        page.leave(bytes: Array("a\n\u{1B}[2J\u{202E}b".utf8) + [0xFF], time: 0, delivery: 1)
        let text = try #require(BreadcrumbPage(page.bytes, child: 1)).crumbs[0].text
        #expect(text == #"a\u{a}\u{1b}[2J\u{202e}b"# + "\u{FFFD}")
    }

    @Test(arguments: 0..<200)
    func noiseIsReadOrRefused(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var page = Page(child: 1)
        for offset in 16..<BreadcrumbPage.byteCount where seed % 2 == 0 || offset >= 64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            page.bytes[offset] = UInt8(truncatingIfNeeded: state >> 40)
        }
        if seed % 3 == 0 { page.store(UInt64.max - seed, at: BreadcrumbPage.Offset.count) }
        #expect(BreadcrumbPage(page.bytes, child: 1)?.crumbs.count ?? 0 <= BreadcrumbPage.Ring.capacity)
    }
}

/// A page as a child writes it.
private struct Page {
    var bytes = [UInt8](repeating: 0, count: BreadcrumbPage.byteCount)
    private var count: UInt64 = 0

    init(child: UInt64) {
        self.store(BreadcrumbPage.magic, at: BreadcrumbPage.Offset.magic)
        self.store(BreadcrumbPage.version, at: BreadcrumbPage.Offset.version)
        self.store(child, at: BreadcrumbPage.Offset.child)
    }

    mutating func store<Integer: FixedWidthInteger>(_ value: Integer, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { self.bytes.replaceSubrange(offset..<(offset + $0.count), with: $0) }
    }

    mutating func leave(_ text: String, time: UInt64, delivery: UInt64) {
        self.leave(bytes: Array(text.utf8), time: time, delivery: delivery)
    }

    mutating func leave(bytes text: [UInt8], time: UInt64, delivery: UInt64) {
        self.count += 1
        let place = BreadcrumbPage.Ring.offset(of: self.count)
        self.store(self.count, at: place + BreadcrumbPage.CrumbOffset.number)
        self.store(time, at: place + BreadcrumbPage.CrumbOffset.time)
        self.store(delivery, at: place + BreadcrumbPage.CrumbOffset.delivery)
        self.store(UInt8(text.count), at: place + BreadcrumbPage.CrumbOffset.length)
        let start = place + BreadcrumbPage.CrumbOffset.text
        self.bytes.replaceSubrange(start..<(start + text.count), with: text)
        self.store(self.count, at: BreadcrumbPage.Offset.count)
    }
}
