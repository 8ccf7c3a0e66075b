import JSON
import Supervision
import TaskLines
import Testing

@Suite struct OutcomeLineTests {
    private func write(_ outcome: OutcomeLine) -> String {
        var buffer: [UInt8] = []
        outcome.write(into: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    private func success(_ result: String) -> OutcomeLine {
        OutcomeLine(state: "SUCCESS", ending: .result(Array(result.utf8)[...]))
    }

    @Test func aSuccessIsOneLine() {
        var outcome = self.success("[5]")
        outcome.id = "a\"b"
        outcome.task = "tasks.add"
        outcome.attempts = 2
        outcome.pid = 4711
        outcome.runtime = .microseconds(1_250)
        outcome.peakMemory = .kibibytes(3)
        #expect(
            self.write(outcome)
                == #"{"id":"a\"b","task":"tasks.add","state":"SUCCESS","result":[5],"attempts":2,"pid":4711,"runtime":0.00125,"peak_memory":3072}"#
                + "\n"
        )
    }

    @Test func aFailureSaysWhy() {
        var failure = OutcomeLine.Failure(type: "WorkerLost", message: "signal 11\n")
        failure.backtrace = ["main.swift:3", "é"]
        failure.cause = "SIGSEGV"
        var outcome = OutcomeLine(state: "FAILURE", ending: .error(failure))
        outcome.line = 7
        outcome.lastOutput = "bye\t"
        outcome.leftoverProcesses = 3
        #expect(
            self.write(outcome)
                == #"{"state":"FAILURE","error":{"type":"WorkerLost","message":"signal 11\n","backtrace":["main.swift:3","é"],"cause":"SIGSEGV"},"attempts":0,"#
                + #""line":7,"last_output":"bye\t","leftover_processes":3}"# + "\n"
        )
    }

    @Test(arguments: [
        (Duration.zero, "0"), (.seconds(2), "2"), (.milliseconds(250), "0.25"), (.microseconds(1), "0.000001"),
        (.nanoseconds(999), "0"), (.nanoseconds(-5), "0"),
        (.microseconds(61_000_010), "61.00001"), (.microseconds(10_999_999), "10.999999"),
    ])
    func runtimeIsInSeconds(runtime: Duration, expected: String) {
        var outcome = self.success("null")
        outcome.runtime = runtime
        #expect(self.write(outcome).contains("\"runtime\":\(expected)}"))
    }

    @Test func aResultOverSeveralLinesStaysOnOne() throws {
        let result = Array("{\r\n  \"a\": \"x\\n\"\n}\n".utf8)[...]
        let text = self.write(OutcomeLine(state: "SUCCESS", ending: .result(OutcomeLine.singleLine(result))))
        #expect(text.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        #expect(text.hasSuffix("\n"))
        #expect(try JSONValue(parsing: text.utf8)["result"] == ["a": "x\n"])
    }

    @Test func linesAreAppended() throws {
        var buffer: [UInt8] = []
        for _ in 0..<3 { self.success("1").write(into: &buffer) }
        var splitter = LineSplitter()
        splitter.feed(buffer)
        while let line = splitter.next()?.bytes { #expect(try JSONValue(parsing: line)["state"] == "SUCCESS") }
        #expect(buffer.count { $0 == UInt8(ascii: "\n") } == 3)
    }
}
