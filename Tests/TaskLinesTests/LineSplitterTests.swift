import Supervision
import TaskLines
import Testing

@Suite struct LineSplitterTests {
    private func feed(_ chunk: [UInt8], to splitter: inout LineSplitter) -> [LineSplitter.Line] {
        splitter.feed(chunk)
        var lines: [LineSplitter.Line] = []
        while let line = splitter.next() { lines.append(line) }
        return lines
    }

    /// The lines of a stream that comes in chunks, with `nil` for one that was dropped.
    private func lines(_ chunks: [[UInt8]], maxLineLength: Int = 1000) -> [(number: Int, text: String?)] {
        var splitter = LineSplitter(maxLineLength: maxLineLength)
        var lines: [LineSplitter.Line] = []
        for chunk in chunks { lines += self.feed(chunk, to: &splitter) }
        while let line = splitter.finish() { lines.append(line) }
        return lines.map { ($0.number, $0.bytes.map { String(decoding: $0, as: UTF8.self) }) }
    }

    @Test(
        arguments: [
            ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b"]),
            ("a\rb\n", ["a\rb"]),
            ("\r\n\r\n", ["", ""]), ("a\r", ["a"]), ("a\r\r\n", ["a\r"]), ("\n\n\nd", ["", "", "", "d"]),
            ("12345678", ["12345678"]), ("1234567\r\n", ["1234567"]),
            ("123456789", [nil]), ("123456789\n", [nil]), ("123456789\nb\n", [nil, "b"]),
            ("a\n1234567890123456789\n\nb", ["a", nil, "", "b"]),
            ("12345678\r\nb", [nil, "b"]),
        ] as [(String, [String?])]
    )
    func everySplitGivesTheSameLines(text: String, expected: [String?]) {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            for end in split...bytes.count {
                let chunks = [bytes[..<split], bytes[split..<end], bytes[end...]].map { Array($0) }
                let lines = self.lines(chunks, maxLineLength: 8)
                #expect(lines.map(\.text) == expected)
                #expect(lines.map(\.number) == Array(1..<expected.count + 1))
            }
        }
        #expect(self.lines(bytes.map { [$0] }, maxLineLength: 8).map(\.text) == expected)
    }

    @Test func aLineInsideOneChunkIsNotCopied() {
        let chunk = Array("first\nsecond\nthi".utf8)
        var splitter = LineSplitter()
        let lines = self.feed(chunk, to: &splitter)
        let start = chunk.withUnsafeBufferPointer { $0.baseAddress! }
        #expect(lines.map { $0.bytes?.withUnsafeBufferPointer { $0.baseAddress! - start } } == [0, 6])
    }

    @Test func anOversizedLineIsReportedOnceAndAtOnce() {
        var splitter = LineSplitter(maxLineLength: 10)
        #expect(self.feed([UInt8](repeating: 0x61, count: 11), to: &splitter).map(\.bytes) == [nil])
        for _ in 0..<1000 {
            #expect(self.feed([UInt8](repeating: 0x61, count: 1000), to: &splitter).isEmpty)
        }
        #expect(self.feed(Array("\nb\n".utf8), to: &splitter).map(\.number) == [2])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func randomChunksGiveTheLinesOfTheWhole(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = (0..<2000).map { _ in Array("ab\r\n".utf8).randomElement(using: &generator)! }
        var chunks: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 0...60, using: &generator)
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(self.lines(chunks).map(\.text) == self.lines([bytes]).map(\.text))
        #expect(self.lines(chunks, maxLineLength: 5).map(\.text) == self.lines([bytes], maxLineLength: 5).map(\.text))
    }

    @Test func aChunkBeforeItsTimeIsRefused() async {
        await #expect(processExitsWith: .failure) {
            var splitter = LineSplitter()
            splitter.feed(Array("a\nb\n".utf8))
            splitter.feed(Array("c\n".utf8))
        }
    }

    /// An owner that keeps the start of a line elsewhere gets the same lines, and the same limit.
    @Test(arguments: ["ab\ncdefgh\n\r\ni", "12345678\n123456789\nab", "1234567\r\n", "123456789012\n1\n"])
    func theStartOfALineCanBeTaken(text: String) {
        let bytes = Array(text.utf8)
        let expected = self.lines([bytes], maxLineLength: 8).map(\.text)
        for size in 1...bytes.count {
            var splitter = LineSplitter(maxLineLength: 8)
            var start: [UInt8] = []
            var lines: [String?] = []
            func add(_ line: LineSplitter.Line) {
                #expect(line.taken == start.count)
                lines.append(line.bytes.map { String(decoding: start + $0, as: UTF8.self) })
                start = []
            }
            for chunk in stride(from: 0, to: bytes.count, by: size) {
                for line in self.feed(Array(bytes[chunk..<min(chunk + size, bytes.count)]), to: &splitter) { add(line) }
                start += splitter.takeStart()
                #expect(splitter.heldBytes == 0)
            }
            if let line = splitter.finish() { add(line) }
            // A carriage return that was taken is not recognized as part of the line's end.
            #expect(lines.map { $0?.trimmingCarriageReturn } == expected.map { $0?.trimmingCarriageReturn })
        }
    }

    @Test func whatWasTakenCanBeGivenBack() {
        var splitter = LineSplitter()
        #expect(self.feed(Array("abc".utf8), to: &splitter).isEmpty)
        let start = splitter.takeStart()
        #expect(self.feed([], to: &splitter).isEmpty)
        splitter.giveBack(start)
        let lines = self.feed(Array("def\n".utf8), to: &splitter)
        #expect(lines.map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } } == ["abcdef"])
        #expect(lines.map(\.taken) == [0])
    }
}

extension String {
    fileprivate var trimmingCarriageReturn: String { self.hasSuffix("\r") ? String(self.dropLast()) : self }
}
