/// The page of memory in which a child leaves notes that survive it, as its master reads it.
///
/// Little-endian. Its child may write anything into it at any time: every field is checked, and what makes no sense is
/// left out.
///
/// | bytes | field |
/// |---|---|
/// | 4, 4 | magic, version |
/// | 8 | the child's number |
/// | 8 | breadcrumbs left so far |
/// | 8 | tag of the delivery that began last |
/// | 4 | phase of that delivery |
/// | 4 | zero |
/// | 8 | when it began, in nanoseconds of the monotonic clock |
/// | 16 | zero |
/// | 31 × 128 | a ring of breadcrumbs: 8 number from 1, 0 while it is written; 8 time in nanoseconds of the monotonic clock; 8 tag; 1 length; text |
public struct BreadcrumbPage: Equatable, Sendable {
    /// Its size.
    public static let byteCount = 4_096
    /// Places of fields.
    public enum Offset {
        public static let magic = 0
        public static let version = 4
        public static let child = 8
        public static let count = 16
        public static let delivery = 24
        public static let phase = 32
        public static let start = 40
    }
    /// What stands at its start.
    public static let magic: UInt32 = 0x4D52_4342  // "BCRM"
    /// The layout's version.
    public static let version: UInt32 = 1

    /// The ring.
    public enum Ring {
        /// Breadcrumbs in it.
        public static let capacity = 31
        /// The longest text in bytes.
        public static let longestText = 103
        static let start = 64
        static let stride = 128

        /// Where the breadcrumb of a number stands.
        public static func offset(of number: UInt64) -> Int {
            self.start + Int((number &- 1) % UInt64(self.capacity)) * self.stride
        }
    }

    /// Places in one breadcrumb.
    public enum CrumbOffset {
        public static let number = 0
        public static let time = 8
        public static let delivery = 16
        public static let length = 24
        public static let text = 25
    }

    /// Where a task is in its child.
    public enum Phase: UInt32, Sendable, CaseIterable {
        /// No task has begun.
        case none
        /// The message is opened.
        case opening
        /// The task runs.
        case running
        /// What the task returned is on its way to the master.
        case reporting
        /// The task is over.
        case over
    }

    /// One note.
    public struct Crumb: Equatable, Sendable {
        /// When it was left, in nanoseconds of the monotonic clock.
        public var time: UInt64
        /// The delivery that it is about.
        public var delivery: UInt64
        /// What it says: on one line, without control characters.
        public var text: String
    }

    /// The delivery that began last.
    public let delivery: UInt64
    /// Where that is.
    public let phase: Phase
    /// When that began.
    public let start: UInt64
    /// How many breadcrumbs were ever left.
    public let count: UInt64
    /// Those that are still there, oldest first.
    public let crumbs: [Crumb]

    /// Reads a page; `nil` for one that this child has not begun.
    public init?(_ bytes: [UInt8], child: UInt64) {
        guard bytes.count == Self.byteCount else { return nil }
        let fields = PageReader(bytes)
        guard fields.word32(Offset.magic) == Self.magic, fields.word32(Offset.version) == Self.version,
            fields.word64(Offset.child) == child
        else { return nil }
        self.delivery = fields.word64(Offset.delivery)
        self.phase = Phase(rawValue: fields.word32(Offset.phase)) ?? .none
        self.start = fields.word64(Offset.start)
        self.count = fields.word64(Offset.count)
        self.crumbs = Self.crumbs(fields, self.count)
    }

    private static func crumbs(_ fields: PageReader, _ count: UInt64) -> [Crumb] {
        let first = count - min(count, UInt64(Ring.capacity))
        return (0..<min(count, UInt64(Ring.capacity))).compactMap { index in
            let number = first + index + 1
            let place = Ring.offset(of: number)
            guard fields.word64(place + CrumbOffset.number) == number else { return nil }
            let length = min(Int(fields.bytes[place + CrumbOffset.length]), Ring.longestText)
            let text = fields.bytes[(place + CrumbOffset.text)..<(place + CrumbOffset.text + length)]
            return Crumb(
                time: fields.word64(place + CrumbOffset.time), delivery: fields.word64(place + CrumbOffset.delivery),
                text: String(decoding: text, as: UTF8.self).onOneLine)
        }
    }
}

/// Reads integers at fixed places.
private struct PageReader {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func word32(_ offset: Int) -> UInt32 { UInt32(littleEndian: self.load(offset)) }
    func word64(_ offset: Int) -> UInt64 { UInt64(littleEndian: self.load(offset)) }

    private func load<Integer: FixedWidthInteger>(_ offset: Int) -> Integer {
        self.bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Integer.self) }
    }
}

extension String {
    /// The text with every control, format and separator character but the space written as `\u{…}`.
    fileprivate var onOneLine: String {
        var text = ""
        for scalar in self.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
