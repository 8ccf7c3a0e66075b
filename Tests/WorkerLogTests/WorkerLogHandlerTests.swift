import Logging
import Syscalls
import Testing

@testable import WorkerLog

struct WorkerLogHandlerTests {
    /// The lines that `body` logs.
    private static func lines(
        _ format: LogFormat = .text,
        level: Logger.Level = .info,
        _ body: (WorkerLogHandler) -> Void
    ) throws -> [String] {
        let pipe = try Pipe()
        let output = LogOutput(descriptor: pipe.writing.number, format: format, clock: { 1_795_456_741_123_456_789 })
        body(WorkerLogHandler(output: output, logLevel: level))
        return drain(pipe.reading.number).split(separator: "\n").map(String.init)
    }

    private static func logger(_ handler: WorkerLogHandler) -> Logger { Logger(label: "test") { _ in handler } }

    @Test func aTextLineHasTimeLevelMessageAndSortedMetadata() throws {
        let lines = try Self.lines { handler in
            Self.logger(handler).warning(
                "child.exited",
                metadata: ["task.id": "42", "pid": .stringConvertible(123), "cause": "out of memory"]
            )
        }
        #expect(lines == [#"2026-11-23T17:59:01.123Z warning child.exited cause="out of memory" pid=123 task.id=42"#])
    }

    @Test func aJSONLineIsOneFlatObject() throws {
        let lines = try Self.lines(.json) { handler in
            Self.logger(handler).error("child.exited", metadata: ["task.id": "4\"2\n", "level": "deep", "pid": "\(7)"])
        }
        let start = #"{"time":"2026-11-23T17:59:01.123Z","level":"error","message":"child.exited","#
        #expect(lines == [start + #""metadata.level":"deep","pid":"7","task.id":"4\"2\u000a"}"#])
    }

    @Test func nestedMetadataGetsDottedKeys() throws {
        let lines = try Self.lines { handler in
            let task: Logger.MetadataValue = ["id": "1", "args": ["a", "b c"]]
            Self.logger(handler).info("m", metadata: ["task": task, "none": [:], "empty": .array([])])
        }
        #expect(lines[0].hasSuffix(#" info m empty="" none="" task.args.0=a task.args.1="b c" task.id=1"#))
    }

    @Test func theNearestMetadataWins() throws {
        let lines = try Self.lines { handler in
            var handler = handler
            handler.metadataProvider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
            var logger = Self.logger(handler)
            logger[metadataKey: "a"] = "logger"
            logger[metadataKey: "c"] = "logger"
            logger.info("m", metadata: ["c": "call"])
        }
        #expect(lines[0].hasSuffix(" info m a=provider b=provider c=call"))
    }

    @Test func recordsBelowTheLevelAreNotWritten() throws {
        let lines = try Self.lines(level: .error) { handler in
            Self.logger(handler).warning("quiet")
            handler.taskOutput([65], stream: .stdout, taskID: "1", taskName: "t", childPID: 7)
            Self.logger(handler).critical("loud")
        }
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix(" critical loud"))
    }

    @Test func anErrorIsPartOfTheLine() throws {
        struct Failure: Error, CustomStringConvertible { let description = "no\nway" }
        let lines = try Self.lines { Self.logger($0).error("m", error: Failure()) }
        #expect(lines[0].hasSuffix(#" error m error="no\nway""#))
    }

    @Test(arguments: LogFormat.allCases)
    func userTextCannotForgeALine(format: LogFormat) throws {
        let forged = "x\n2026-11-23T17:59:01.123Z critical forged a=b\u{2028}\u{1b}[2K\r"
        let lines = try Self.lines(format) { handler in
            let metadata: Logger.Metadata = ["k": "\(forged)", "\(forged)": "v"]
            Self.logger(handler).info(Logger.Message(stringLiteral: forged), metadata: metadata)
            handler.taskOutput(Array(forged.utf8)[...], stream: .stderr, taskID: forged, taskName: forged, childPID: 7)
        }
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{2028}" } })
    }

    @Test func taskOutputIsAttributed() throws {
        let lines = try Self.lines { handler in
            handler.taskOutput([0x68, 0x20, 0xFF], stream: .stderr, taskID: "42", taskName: "tasks.add", childPID: 7)
            handler.taskOutput([0x6F], stream: .stdout, taskID: nil, taskName: nil, childPID: 8)
        }
        let time = "2026-11-23T17:59:01.123Z info task.output"
        #expect(lines[0] == #"\#(time) child.pid=7 stream=stderr task.id=42 task.name=tasks.add text="h \xff""#)
        #expect(lines[1] == "\(time) child.pid=8 stream=stdout text=o")
    }
}
