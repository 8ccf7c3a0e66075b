import Glibc
import Syscalls
import SystemPackage
import Testing

@testable import Journal

struct FullDiskTests {
    @Test func theRefusalOfAFullDeviceIsReported() throws {
        let file = try JournalFile.open("/dev/full")
        let (written, refusal) = [UInt8](repeating: 1, count: 10).withUnsafeBytes { file.write($0, at: 0) }
        #expect(written == 0 && refusal == .noSpace)
    }

    /// The limit falls into the third record of the batch: the kernel takes a part of the write, then says `EFBIG`.
    @Test func aBatchThatFitsInPartIsCutToCompleteRecordsAndCanBeTriedAgain() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let scratch = Scratch()
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            for line in 1...4 { try journal.add(outcome(line), of: .line(line, input: 0)) }
            let record = journal.bytesCollected / 4
            let header = content(of: scratch.journal).count
            limitFileSize(to: header + 2 * record + record / 2)

            let error = #expect(throws: JournalError.self) { try journal.flush() }
            #expect(error?.code == .cannotWrite && error?.errno == .fileTooLarge)
            #expect(error?.description.contains(scratch.journal) == true)
            #expect(content(of: scratch.journal).count == header + 2 * record)
            #expect(journal.bytesCollected == 2 * record)

            limitFileSize(to: 1 << 30)
            try journal.finish()
            #expect(lines(of: scratch.journal).count == 5)
            #expect(lines(of: scratch.journal).last?.contains(#""line":4"#) == true)
        }
    }

    /// The limit falls into the value that lies in a file: nothing of its record stays.
    @Test func aLargeRecordThatFitsInPartIsTakenBackAndCanBeTriedAgain() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let scratch = Scratch()
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            let (record, large) = try largeOutcome(bytes: 300_000)
            try journal.add(outcome(1), of: .line(1, input: 0))
            let first = journal.bytesCollected
            try journal.add(record, large: large, of: .line(2, input: 0))
            try journal.add(outcome(3), of: .line(3, input: 0))
            let collected = journal.bytesCollected
            let header = content(of: scratch.journal).count
            limitFileSize(to: header + first + 200_000)

            let error = #expect(throws: JournalError.self) { try journal.flush() }
            #expect(error?.errno == .fileTooLarge)
            #expect(content(of: scratch.journal).count == header + first)
            #expect(journal.bytesCollected == collected - first)

            limitFileSize(to: 1 << 30)
            try journal.finish()
            #expect(lines(of: scratch.journal).count == 4)
            #expect(journal.bytesCollected == 0)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root may mount a small file system"))
    func aFullFileSystemLeavesAJournalThatResumes() async throws {
        let scratch = Scratch()
        let directory = scratch.directory
        guard mount("none", directory, "tmpfs", 0, "size=64k") == 0 else {
            try Test.cancel("mounting is forbidden here")
        }
        defer { umount2(directory, CInt(MNT_DETACH)) }
        let path = directory + "/journal"
        var line = 0
        do {
            let journal = try Journal(path: path, inputs: ["-"])
            let error = #expect(throws: JournalError.self) {
                while line < 100_000 {
                    line += 1
                    try journal.add(outcome(line), of: .line(line, input: 0))
                    if line % 7 == 0 { try journal.flush() }
                }
            }
            #expect(error?.errno == .noSpace)
            #expect(content(of: path).last == UInt8(ascii: "\n"))
        }
        let journal = try Journal(path: path, inputs: ["-"])
        #expect(journal.bytesCutOff == 0)
        #expect(journal.outcomes > 1000 && journal.outcomes < line)
    }
}

/// Sets the soft `RLIMIT_FSIZE` of this process.
private func limitFileSize(to size: Int) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    limit.rlim_cur = rlim_t(size)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
}
