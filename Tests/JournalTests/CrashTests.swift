import Glibc
import Testing

@testable import Journal

/// What a crash leaves, and what the next run makes of it.
struct CrashTests {
    /// A journal with two records, of which the last published follow-ups.
    private static func sample(_ path: String) throws -> (bytes: [UInt8], lastRecord: Int) {
        let journal = try Journal(path: path, inputs: ["-"])
        try journal.add(outcome(1), of: .line(1, input: 0))
        try journal.flush()
        let lastRecord = content(of: path).count
        let followUp = FollowUp(key: "k", message: Array(#"{"task":"ü"}"#.utf8))
        try journal.add(outcome(2), of: .line(2, input: 0), publishing: [followUp])
        try journal.flush()
        return (content(of: path), lastRecord)
    }

    @Test func aRecordCutAtAnyByteIsCutOffWhole() throws {
        let scratch = Scratch()
        let (bytes, lastRecord) = try Self.sample(scratch.journal)
        for length in lastRecord..<bytes.count {
            write(bytes[..<length], to: scratch.journal)
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            #expect(journal.bytesCutOff == length - lastRecord)
            #expect(journal.outcomes == 1 && !journal.isDone(line: 2, input: 0))
            #expect(journal.pendingFollowUps.isEmpty, "Outcome and follow-ups are one record.")
            #expect(content(of: scratch.journal) == Array(bytes[..<lastRecord]))
        }
    }

    @Test func aHeaderCutAtAnyByteIsWrittenAgain() throws {
        let scratch = Scratch()
        _ = try Journal(path: scratch.journal, inputs: ["-"])
        let header = content(of: scratch.journal)
        for length in 0..<header.count {
            write(header[..<length], to: scratch.journal)
            _ = try Journal(path: scratch.journal, inputs: ["-"])
            #expect(content(of: scratch.journal) == header)
        }
    }

    @Test(arguments: ["garbage\n", "\0\0\0\0\n", "{\"input\":0,\n", "\n", "\0\0\0"])
    func garbageAtTheEndIsCutOff(garbage: String) throws {
        let scratch = Scratch()
        let (bytes, _) = try Self.sample(scratch.journal)
        write(bytes + Array(garbage.utf8), to: scratch.journal)
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        #expect(journal.bytesCutOff == garbage.utf8.count)
        #expect(content(of: scratch.journal) == bytes)
    }

    @Test(arguments: [
        ("garbage", "line 3 is damaged: not one JSON object"),
        ("", "line 3 is damaged: not one JSON object"),
        (#"{"id":1}"#, "line 3 is damaged: not an outcome with its origin"),
        (#"{"input":0,"line":1,"id":1}"#, "line 3 is damaged: a second outcome of line 1 of input 0"),
        (#"{"input":1,"line":1,"id":1}"#, "line 3 is damaged: the run has no input number 1"),
        (#"{"input":-1,"line":1,"id":1}"#, "line 3 is damaged: the run has no input number -1"),
        (#"{"follow_up":"k","id":1}"#, "line 3 is damaged: the outcome of a follow-up 'k' that is not pending"),
    ])
    func aBadLineInTheMiddleIsAnErrorWithItsNumber(line: String, message: String) throws {
        let scratch = Scratch()
        let (bytes, lastRecord) = try Self.sample(scratch.journal)
        let damaged = bytes[..<lastRecord] + Array((line + "\n").utf8) + bytes[lastRecord...]
        write(damaged, to: scratch.journal)
        let error = try #require(openingFails(scratch.journal))
        #expect(error.code == .badRecord)
        #expect(error.description.contains(message))
        #expect(content(of: scratch.journal) == Array(damaged))
    }

    @Test func aKillBetweenFlushesLosesOnlyWhatWasNotFlushed() async throws {
        let scratch = Scratch()
        let path = scratch.journal
        for run in 0..<3 {
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, run = run as Int] in
                let journal = try Journal(path: path, inputs: ["-"])
                for line in 1...5 {
                    try journal.add(outcome(line), of: .line(run * 5 + line, input: 0))
                    try journal.flush()
                }
                try journal.add(outcome(6), of: .line(run * 5 + 6, input: 0))
                kill(getpid(), SIGKILL)
            }
        }
        let journal = try Journal(path: path, inputs: ["-"])
        #expect(journal.outcomes == 15)
        #expect((1...15).allSatisfy { journal.isDone(line: $0, input: 0) })
    }
}
