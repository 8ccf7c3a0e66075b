import CrashReports
import Foundation
import Testing

/// Crashes of a real process: the fixture forks, its child crashes, the parent describes the crash.
@Suite struct CrashTests {
    @Test(arguments: [
        (way: "index", signal: SIGILL, function: "indexOutOfRange()", code: "numbers[identity(7)]"),
        (way: "nil", signal: SIGILL, function: "unwrapNil()", code: "number!"),
        (way: "overflow", signal: SIGILL, function: "overflow()", code: "number + identity(100)"),
        (way: "precondition", signal: SIGILL, function: "failPrecondition()", code: "precondition("),
        (way: "fatal", signal: SIGILL, function: "failFatally()", code: "fatalError(\"the message\")"),
        (way: "read", signal: SIGSEGV, function: "readBadPointer()", code: "UnsafePointer<Int>(bitPattern:"),
        (way: "copy", signal: SIGSEGV, function: "copyFromBadPointer()", code: "memcpy("),
        (way: "call", signal: SIGSEGV, function: "callBadPointer()", code: "    function()"),
        (way: "abort", signal: SIGABRT, function: "callAbort()", code: "    abort()"),
        (way: "thread", signal: SIGILL, function: "overflow()", code: "number + identity(100)"),
        (way: "many threads", signal: SIGILL, function: "overflow()", code: "number + identity(100)"),
        (way: "task", signal: SIGILL, function: "indexOutOfRange()", code: "numbers[identity(7)]"),
    ])
    func descriptionBeginsWhereTheProgramFailed(way: String, signal: Int32, function: String, code: String) throws {
        let crash = try Crash(way)
        #expect(crash.byteCount == CrashRecord.byteCount)
        #expect(crash.signal == trapSignal(signal))
        let line = try Crash.line(of: code)
        let frame = try #require(crash.description.dropFirst().first)
        #expect(frame.hasPrefix("  at \(function) ("))
        #expect(frame.contains("/CrashFixture/main.swift:\(line):"))
    }

    @Test(arguments: [
        ("index", "Index out of range"),
        ("nil", "Unexpectedly found nil"),
        ("overflow", "arithmetic overflow"),
        ("precondition", "one is not more than two"),
        ("fatal", "Fatal error: the message"),
        ("read", "bad address 0xdead0000"),
        ("read impossible", "SIGSEGV: bad address"),
        ("copy", "bad address 0xdead0000"),
        ("recursion", "stack overflow"),
    ])
    func messageSaysWhy(way: String, message: String) throws {
        #expect(try Crash(way).description.first?.contains(message) == true)
    }

    @Test(arguments: [("recursion", "crash(_:)"), ("thread recursion", "closure #1 in startThread(_:)")])
    func stackOverflowShowsBothEnds(way: String, outermost: String) throws {
        let crash = try Crash(way)
        #expect(crash.signal == SIGSEGV)
        #expect(crash.byteCount == CrashRecord.byteCount)
        let frames = crash.description.dropFirst()
        #expect(frames.count == CrashDescription.longestBacktrace + 1)
        #expect(frames.prefix(3).contains { $0.hasPrefix("  at recurse(_:)") })
        #expect(frames.contains { $0.hasSuffix("frames …") })
        #expect(frames.contains { $0.hasPrefix("  at \(outermost)") })
    }

    @Test func asyncFunctionIsInTheBacktraceOfItsTask() throws {
        let frames = try Crash("task").description.dropFirst()
        #expect(frames.contains { $0.hasPrefix("  at failAfterAwait()") })
    }

    @Test func signalSentByAProcessIsReportedWithoutAnAddress() throws {
        let crash = try Crash("sent")
        #expect(crash.signal == SIGSEGV)
        #expect(crash.description.first?.contains("bad address") == false)
    }

    @Test func disabledHandlerLeavesTheSignal() throws {
        let crash = try Crash("disabled")
        #expect(crash.signal == SIGABRT)
        #expect(crash.description.isEmpty)
    }

    @Test func forkedGrandchildDoesNotReportItsCrash() throws {
        let crash = try Crash("grandchild")
        #expect(crash.signal == 0)
        #expect(crash.description.isEmpty)
    }
}

/// Swift traps with an illegal instruction on x86_64, with a breakpoint elsewhere.
private func trapSignal(_ signal: Int32) -> Int32 {
    #if arch(x86_64)
        signal
    #else
        signal == SIGILL ? SIGTRAP : signal
    #endif
}

/// What the fixture prints about one crash.
private struct Crash {
    let byteCount: Int
    let signal: Int32
    let description: [String]

    init(_ way: String) throws {
        let fixture = Process()
        let output = Pipe()
        fixture.executableURL = Self.fixture
        fixture.arguments = [way]
        fixture.environment = ["SWIFT_BACKTRACE": "enable=no"]
        fixture.standardOutput = output
        fixture.standardError = FileHandle.nullDevice
        try fixture.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        fixture.waitUntilExit()
        let lines = text.split(separator: "\n").map(String.init)
        self.byteCount = try #require(lines.first.flatMap { Int($0) })
        self.signal = try #require(lines.dropFirst().first.flatMap { Int32($0) })
        self.description = Array(lines.dropFirst(2))
    }

    /// The first line of the fixture with this code.
    static func line(of code: String) throws -> Int {
        let source = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/CrashFixture/main.swift")
        let lines = try String(contentsOf: source, encoding: .utf8).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        return try #require(lines.firstIndex { $0.contains(code) }) + 1
    }

    /// The build puts it beside the test program.
    private static var fixture: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "CrashFixture")
    }
}
