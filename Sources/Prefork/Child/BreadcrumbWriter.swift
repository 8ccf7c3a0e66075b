import Supervision
import Synchronization
import Syscalls
import Wire

/// Leaves a child's notes in memory that the master can read after the child's death, whatever ends it. Usable from
/// any thread; makes no system call.
struct BreadcrumbWriter: @unchecked Sendable {
    private typealias Layout = BreadcrumbPage
    private typealias Word = Atomic<UInt64>

    private let page: UnsafeMutableRawPointer

    /// Maps and clears a child's page; `nil` when it cannot be mapped.
    ///
    /// - Parameters:
    ///   - file: where the pages of all children stand.
    ///   - place: which of them is this child's.
    ///   - child: the child's number.
    init?(file: CInt, place: Int, child: UInt64) {
        guard place < Self.mostPages,
            let page = mapShared(file, at: place * Layout.byteCount, byteCount: Layout.byteCount)
        else { return nil }
        page.initializeMemory(as: UInt8.self, repeating: 0, count: Layout.byteCount)
        page.storeBytes(of: Layout.magic.littleEndian, toByteOffset: Layout.Offset.magic, as: UInt32.self)
        page.storeBytes(of: Layout.version.littleEndian, toByteOffset: Layout.Offset.version, as: UInt32.self)
        page.storeBytes(of: child.littleEndian, toByteOffset: Layout.Offset.child, as: UInt64.self)
        self.page = page
    }

    /// Pages in the file: children beyond leave no notes.
    static let mostPages = 4_096

    /// A delivery begins.
    func began(_ delivery: UInt64, at start: Instant) {
        self.page.storeBytes(
            of: start.nanoseconds.littleEndian, toByteOffset: Layout.Offset.start, as: UInt64.self)
        self.page.storeBytes(of: delivery.littleEndian, toByteOffset: Layout.Offset.delivery, as: UInt64.self)
        self.entered(.opening)
    }

    /// The delivery that began last is in another phase.
    func entered(_ phase: BreadcrumbPage.Phase) {
        self.page.storeBytes(of: phase.rawValue.littleEndian, toByteOffset: Layout.Offset.phase, as: UInt32.self)
    }

    /// Leaves a note, cut to ``BreadcrumbPage/Ring/longestText``.
    func leave(_ text: String, _ delivery: UInt64) {
        let number = self.word(Layout.Offset.count).pointee.wrappingAdd(1, ordering: .relaxed).newValue
        let crumb = Layout.Ring.offset(of: number)
        let mark = self.word(crumb + Layout.CrumbOffset.number)
        mark.pointee.store(0, ordering: .relaxed)
        self.page.storeBytes(
            of: monotonicNanoseconds().littleEndian, toByteOffset: crumb + Layout.CrumbOffset.time, as: UInt64.self)
        self.page.storeBytes(
            of: delivery.littleEndian, toByteOffset: crumb + Layout.CrumbOffset.delivery, as: UInt64.self)
        self.write(text, at: crumb)
        mark.pointee.store(number.littleEndian, ordering: .releasing)
    }

    private func write(_ text: String, at crumb: Int) {
        var text = text
        let length = text.withUTF8 { bytes in
            let kept = UnsafeBufferPointer(rebasing: bytes[..<Self.end(of: bytes)])
            (self.page + crumb + Layout.CrumbOffset.text).copyMemory(from: kept.baseAddress!, byteCount: kept.count)
            return UInt8(kept.count)
        }
        self.page.storeBytes(of: length, toByteOffset: crumb + Layout.CrumbOffset.length, as: UInt8.self)
    }

    /// Where a text is cut: not within a character.
    private static func end(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard bytes.count > Layout.Ring.longestText else { return bytes.count }
        var end = Layout.Ring.longestText
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    private func word(_ offset: Int) -> UnsafeMutablePointer<Word> {
        (self.page + offset).bindMemory(to: Word.self, capacity: 1)
    }
}
