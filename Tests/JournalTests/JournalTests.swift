import Testing

@testable import Journal

struct JournalTests {
    @Test func aNewJournalNamesItsInputs() throws {
        let scratch = Scratch()
        let journal = try Journal(path: scratch.journal, inputs: ["-", "a \"b\".jsonl"])
        #expect(lines(of: scratch.journal) == [#"{"celeriac_journal":1,"inputs":["-","a \"b\".jsonl"]}"#])
        #expect(journal.outcomes == 0 && journal.pendingFollowUps.isEmpty && journal.bytesCutOff == 0)
    }

    @Test func outcomesThatWereFlushedAreDoneInTheNextRun() throws {
        let scratch = Scratch()
        do {
            let journal = try Journal(path: scratch.journal, inputs: ["a", "b"])
            try journal.add(outcome(1), of: .line(3, input: 0))
            try journal.add(outcome(2), of: .line(1, input: 1))
            #expect(lines(of: scratch.journal).count == 1, "Nothing is written before the flush.")
            try journal.flush()
            try journal.add(outcome(3), of: .line(4, input: 0))
        }
        let journal = try Journal(path: scratch.journal, inputs: ["a", "b"], syncEveryFlush: true)
        #expect(journal.outcomes == 2)
        #expect(journal.isDone(line: 3, input: 0) && journal.isDone(line: 1, input: 1))
        #expect(!journal.isDone(line: 4, input: 0) && !journal.isDone(line: 3, input: 1))
        try journal.add(outcome(3), of: .line(4, input: 0))
        try journal.finish()
        #expect(lines(of: scratch.journal).last == #"{"input":0,"line":4,"id":3,"state":"success"}"#)
    }

    @Test func followUpsArePendingUntilTheyHaveAnOutcome() throws {
        let scratch = Scratch()
        let origin = TaskOrigin.line(1, input: 0)
        let published = (0..<12).map {
            FollowUp(key: origin.followUpKey($0), message: Array(#"{"task":"t\#($0)"}"#.utf8))
        }
        let later = FollowUp(key: TaskOrigin.followUp(key: published[3].key).followUpKey(0), message: Array("{}".utf8))
        do {
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            try journal.add(outcome(1), of: origin, publishing: published)
            try journal.add(outcome(2), of: .followUp(key: published[3].key), publishing: [later])
            try journal.finish()
        }
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        #expect(later.key == "0:1/3/0")
        #expect(journal.pendingFollowUps == published[..<3] + published[4...] + [later])
        #expect(journal.outcomes == 2)
    }

    @Test func otherInputsAreNamedInTheError() throws {
        let scratch = Scratch()
        _ = try Journal(path: scratch.journal, inputs: ["a.jsonl"])
        let before = content(of: scratch.journal)
        let error = try #require(openingFails(scratch.journal, inputs: ["b.jsonl", "-"]))
        #expect(error.code == .otherInputs)
        #expect(error.description.contains(#"the inputs ["a.jsonl"], not ["b.jsonl","-"]"#))
        #expect(content(of: scratch.journal) == before)
    }

    @Test(arguments: ["hello", "hello\n", "{}\n", #"{"celeriac_journal":2,"inputs":["-"]}"# + "\n", "\n"])
    func aFileThatIsNoJournalIsLeftAlone(text: String) throws {
        let scratch = Scratch()
        write(text.utf8, to: scratch.journal)
        #expect(openingFails(scratch.journal)?.code == .notAJournal)
        #expect(content(of: scratch.journal) == Array(text.utf8))
    }

    @Test func aDirectoryOrDeviceIsRefused() {
        let scratch = Scratch()
        #expect(openingFails("/dev/null")?.code == .notRegularFile)
        #expect(openingFails(scratch.directory)?.code == .cannotOpen)
        #expect(openingFails(scratch.directory + "/none/journal")?.errno == .noSuchFileOrDirectory)
    }

    @Test(arguments: ["", "{}", "[1]", "{\"id\":1", "{\"id\":\n1}", "{\"id\":1}{}", "nonsense"])
    func anOutcomeThatCouldNotBeReadBackIsRefused(text: String) throws {
        let scratch = Scratch()
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        let origin = TaskOrigin.line(1, input: 0)
        let error = #expect(throws: JournalError.self) { try journal.add(Array(text.utf8)[...], of: origin) }
        #expect(error?.code == .badRecord)
        #expect(journal.bytesCollected == 0 && !journal.isDone(line: 1, input: 0))
        try journal.add(outcome(1), of: origin)
    }

    @Test func aSecondOutcomeIsRefused() throws {
        let scratch = Scratch()
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        let followUp = FollowUp(key: "k", message: Array("{}".utf8))
        try journal.add(outcome(1), of: .line(1, input: 0), publishing: [followUp])
        let twin = FollowUp(key: "n", message: followUp.message)
        let collected = journal.bytesCollected
        for (origin, published) in [
            (TaskOrigin.line(1, input: 0), []), (.line(1, input: 1), []), (.followUp(key: "other"), []),
            (.line(2, input: 0), [followUp]), (.line(2, input: 0), [twin, twin]),
        ] {
            #expect(throws: JournalError.self) { try journal.add(outcome(2), of: origin, publishing: published) }
        }
        #expect(journal.bytesCollected == collected && journal.outcomes == 1)
        #expect(journal.pendingFollowUps == [followUp])
    }

    @Test func aValueInAFileStandsInItsPlace() throws {
        let scratch = Scratch()
        let (record, large) = try largeOutcome(bytes: 300_000)
        let followUp = FollowUp(key: "k", message: Array("{}".utf8))
        do {
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            try journal.add(outcome(1), of: .line(1, input: 0))
            try journal.add(record, large: large, of: .line(2, input: 0), publishing: [followUp])
            try journal.add(outcome(3), of: .line(3, input: 0))
            try journal.flush()
            #expect(journal.bytesCollected == 0)
        }
        let result = "\"" + String(repeating: "x", count: 299_998) + "\""
        let line =
            #"{"input":0,"line":2,"id":2,"result":\#(result),"state":"success","published":[{"key":"k","message":{}}]}"#
        let isThere = lines(of: scratch.journal)[2] == line
        #expect(isThere)
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        #expect((1...3).allSatisfy { journal.isDone(line: $0, input: 0) })
        #expect(journal.pendingFollowUps == [followUp])
    }

    @Test func anOutcomeWithALargeValueIsCheckedAsWell() throws {
        let scratch = Scratch()
        let journal = try Journal(path: scratch.journal, inputs: ["-"])
        let (record, large) = try largeOutcome(bytes: 1_000)
        #expect(throws: JournalError.self) {
            try journal.add(record.dropLast(), large: large, of: .line(1, input: 0))
        }
        #expect(journal.bytesCollected == 0 && journal.outcomes == 0)
    }

    @Test func recordsLongerThanTheReadBufferAreRead() throws {
        let scratch = Scratch()
        let long = Array(#"{"id":1,"result":"\#(String(repeating: "x", count: 600_000))"}"#.utf8)
        do {
            let journal = try Journal(path: scratch.journal, inputs: ["-"])
            for line in 1...3 { try journal.add(line == 2 ? long[...] : outcome(line), of: .line(line, input: 0)) }
            try journal.flush()
        }
        #expect(try Journal(path: scratch.journal, inputs: ["-"]).outcomes == 3)
    }
}
