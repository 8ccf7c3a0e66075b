import Glibc
import Logging
import Syscalls
import SystemPackage
import Testing

@testable import WorkerLog

struct LogOutputTests {
    private static func log(_ output: LogOutput, _ text: String) {
        output.log(level: .info, message: text, fields: [])
    }

    private static func output(_ descriptor: CInt) -> LogOutput {
        LogOutput(descriptor: descriptor, format: .text, clock: { 0 })
    }

    /// Fills a pipe to its last byte without waiting.
    private static func fill(_ descriptor: CInt) throws {
        try setNonblocking(descriptor)
        let page = [UInt8](repeating: UInt8(ascii: "-"), count: 4096)
        while case .bytes = try page.withUnsafeBytes({ try Syscalls.write($0, to: descriptor) }) {}
        try setNonblocking(descriptor, false)
    }

    @Test func aFullPipeDropsLinesAndTellsHowMany() throws {
        let pipe = try Pipe()
        let output = Self.output(pipe.writing.number)
        try Self.fill(pipe.writing.number)
        for _ in 0..<3 { Self.log(output, "lost") }
        #expect(output.droppedLines == 3)
        _ = drain(pipe.reading.number)
        Self.log(output, "heard")
        #expect(output.droppedLines == 0)
        let expected = "1970-01-01T00:00:00.000Z warning log.dropped lines=3\n1970-01-01T00:00:00.000Z info heard\n"
        #expect(drain(pipe.reading.number) == expected)
    }

    @Test func flushTellsTheCountWithoutAnotherLine() throws {
        let pipe = try Pipe()
        let output = Self.output(pipe.writing.number)
        try Self.fill(pipe.writing.number)
        Self.log(output, "lost")
        output.flush()
        #expect(output.droppedLines == 1)
        _ = drain(pipe.reading.number)
        output.flush()
        output.flush()
        #expect(drain(pipe.reading.number) == "1970-01-01T00:00:00.000Z warning log.dropped lines=1\n")
    }

    @Test func aLineThatFitsInPartIsFinishedBeforeTheNext() throws {
        let pipe = try Pipe()
        let output = Self.output(pipe.writing.number)
        let fields = (0..<40).map { LogRecord.Field(key: "k\($0)", value: [UInt8](repeating: 65, count: 4000)) }
        output.log(level: .info, message: "long", fields: fields)
        Self.log(output, "lost")
        var text = drain(pipe.reading.number)
        #expect(!text.contains("\n"))
        for _ in 0..<10 {
            output.flush()
            text += drain(pipe.reading.number)
        }
        Self.log(output, "heard")
        text += drain(pipe.reading.number)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].utf8.count > 160_000 && lines[0].hasSuffix("k9=" + String(repeating: "A", count: 4000)))
        #expect(lines[1].hasSuffix("log.dropped lines=1") && lines[2].hasSuffix("heard"))
    }

    @Test func aReaderThatIsGoneIsSurvived() throws {
        try setDisposition(of: .brokenPipe, to: .ignored)
        // Unlike the end of a pipe, which another test's child may hold for a moment, a socket can be shut for everyone.
        var ends: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        #expect(shutdown(reading.number, CInt(SHUT_RDWR)) == 0)
        let output = Self.output(writing.number)
        for _ in 0..<5 { Self.log(output, "lost") }
        output.flush()
        #expect(output.droppedLines == 5)
    }

    @Test func aFullDiskAndAClosedDescriptorAreSurvived() throws {
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        defer { try? full.close() }
        for descriptor in [full.rawValue, 1_000_000] {
            let output = Self.output(descriptor)
            Self.log(output, "lost")
            #expect(output.droppedLines == 1)
        }
    }

    @Test func linesAreWrittenAboveTheProgressLine() throws {
        let pipe = try Pipe()
        let output = Self.output(pipe.writing.number)
        output.showProgress("\r1 done\u{1b}[K")
        Self.log(output, "m")
        output.showProgress("")
        output.showProgress("")
        Self.log(output, "n")
        let time = "1970-01-01T00:00:00.000Z"
        let expected = "\r1 done\u{1b}[K\r\u{1b}[K\(time) info m\n\r1 done\u{1b}[K\r\u{1b}[K\(time) info n\n"
        #expect(drain(pipe.reading.number) == expected)
    }
}

/// All that a pipe holds now.
func drain(_ descriptor: CInt) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while isReadable(descriptor) {
        guard case .bytes(let count) = try? buffer.withUnsafeMutableBytes({ try Syscalls.read(descriptor, into: $0) })
        else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
