import CCrash
import Glibc
import Testing

@testable import CrashReports

@Suite struct CrashDescriptionTests {
    @Test func librariesAroundTheProgramAreLeftOut() {
        let description = describe([
            library("trap"), library("at"), own("a", 1), library("map"), own("b", 2), library("start"),
        ])
        #expect(description.frames.map(\.function) == ["a", "map", "b"])
        #expect(description.message == "in trap")
    }

    @Test func compilersNoteBecomesTheMessage() {
        var failure = library("Swift runtime failure: arithmetic overflow")
        failure.isRuntimeFailure = true
        let description = describe([failure, own("a", 1)])
        #expect(description.message == "arithmetic overflow")
        #expect(description.frames.map(\.function) == ["a"])
    }

    @Test func runtimesWordsComeFirst() {
        let description = describe([library("trap"), own("a", 1)], message: "main.swift:1: Fatal error: why\n")
        #expect(description.message == "main.swift:1: Fatal error: why")
    }

    @Test func programWithoutLinesKeepsAllFrames() {
        let frames = [library("a"), library(nil), library("c")]
        #expect(describe(frames).frames == frames)
        #expect(describe(frames).message == nil)
    }

    @Test func longBacktraceLosesItsMiddle() {
        let description = describe((1...100).map { own("f\($0)", $0) })
        #expect(description.frames.count == CrashDescription.longestBacktrace)
        #expect(description.frames.first?.function == "f1")
        #expect(description.frames.last?.function == "f100")
        #expect(description.omittedFrames == 100 - CrashDescription.longestBacktrace)
    }

    @Test func textHasALineForTheCauseAndEachFrame() {
        let text = describe([own("a()", 7), library(nil), own("b()", 9)], message: "why").description
        #expect(
            text == """
                SIGILL: why
                  at a() (/src/main.swift:7:3)
                  at 0xabc (libc.so.6)
                  at b() (/src/main.swift:9:3)
                """
        )
    }

    private func describe(_ frames: [CrashDescription.Frame], message: String = "") -> CrashDescription {
        var record = celeriac_crash_record()
        record.magic = CELERIAC_CRASH_MAGIC
        record.version = UInt16(CELERIAC_CRASH_VERSION)
        record.signal = SIGILL
        withUnsafeMutableBytes(of: &record.message) { $0.copyBytes(from: message.utf8) }
        let decoded = withUnsafeBytes(of: record) { CrashRecord($0) }
        return CrashDescription(decoded!, frames: frames)
    }

    private func own(_ function: String, _ line: Int) -> CrashDescription.Frame {
        var frame = library(function)
        (frame.file, frame.line, frame.column, frame.image) = ("/src/main.swift", line, 3, "main")
        return frame
    }

    private func library(_ function: String?) -> CrashDescription.Frame {
        CrashDescription.Frame(
            function: function,
            line: 0,
            column: 0,
            image: "libc.so.6",
            address: 0xabc,
            isInlined: false,
            isRuntimeFailure: false
        )
    }
}
