import Glibc
import Testing

@testable import Journal

struct LockTests {
    @Test func anotherProcessIsRefusedAndToldWhoHoldsTheLock() async throws {
        let scratch = Scratch()
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        let (path, holder) = (scratch.journal, Int(getpid()))
        await #expect(processExitsWith: .success) { [path = path as String, holder = holder as Int] in
            let error = openingFails(path)
            #expect(error?.code == .locked)
            #expect(error?.description == "journal '\(path)': another process (pid \(holder)) is using it")
        }
        try journal.finish()
    }

    @Test func theLockEndsWithTheJournal() throws {
        let scratch = Scratch()
        do {
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            #expect(openingFails(scratch.journal)?.code == .locked)
            try journal.finish()
        }
        #expect(openingFails(scratch.journal) == nil)
    }

    @Test func theFileIsForItsOwnerAndClosedOnExec() throws {
        let scratch = Scratch()
        _ = try Journal(path: scratch.journal, inputs: ["-"])
        var status = stat()
        #expect(stat(scratch.journal, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
    }
}
