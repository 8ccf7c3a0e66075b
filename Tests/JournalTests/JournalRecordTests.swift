import Testing

@testable import Journal

struct JournalRecordTests {
    private static let records = [
        JournalRecord(origin: .line(17, input: 0), published: []),
        JournalRecord(origin: .followUp(key: "0:17/0"), published: []),
        JournalRecord(origin: .followUp(key: "quote \" back\\slash \n\u{1} ü 🙂"), published: []),
        JournalRecord(
            origin: .line(.max - 1, input: 3),
            published: [
                FollowUp(key: "a", message: Array(#"{"task":"x","args":[1,{"published":[]}]}"#.utf8)),
                FollowUp(key: "\n", message: Array("{}".utf8)),
            ]
        ),
    ]

    @Test(arguments: Self.records)
    func isReadAsItWasWritten(record: JournalRecord) throws {
        var line: [UInt8] = []
        record.write(outcome: outcome(1), into: &line)
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
        #expect(try JournalRecord(parsing: line.dropLast()) == record)
    }

    @Test func leadsWithItsOrigin() {
        var line: [UInt8] = []
        let followUp = FollowUp(key: "k", message: Array(#"{"task":"y"}"#.utf8))
        JournalRecord(origin: .line(17, input: 0), published: [followUp]).write(outcome: outcome(1), into: &line)
        let expected =
            #"{"input":0,"line":17,"id":1,"state":"success","#
            + #""published":[{"key":"k","message":{"task":"y"}}]}"# + "\n"
        #expect(String(decoding: line, as: UTF8.self) == expected)
    }

    @Test func onlyTheLastMemberPublishes() throws {
        let line = #"{"input":0,"line":1,"published":[{"key":"k","message":{}}],"id":1,"result":{"published":[1]}}"#
        #expect(try JournalRecord(parsing: Array(line.utf8)[...]).published.isEmpty)
    }

    @Test(arguments: [
        "{}", #"{"id":1}"#, #"{"line":1,"input":0}"#, #"{"input":0}"#, #"{"input":0,"id":1}"#,
        #"{"input":"0","line":1}"#,
        #"{"input":0,"line":1.5}"#, #"{"input":0,"line":-1}"#, #"{"input":0,"line":9223372036854775807}"#,
        #"{"follow_up":7}"#, #"{"input":0,"line":1,"published":{}}"#, #"{"input":0,"line":1,"published":[1]}"#,
        #"{"input":0,"line":1,"published":[{"key":"k"}]}"#,
        #"{"input":0,"line":1,"published":[{"key":"k","message":1}]}"#,
    ])
    func objectsOfAnotherFormAreNotRecords(line: String) {
        let flaw = #expect(throws: JournalRecord.Flaw.self) { try JournalRecord(parsing: Array(line.utf8)[...]) }
        guard case .notARecord = flaw else { Issue.record("\(line) is \(String(describing: flaw))"); return }
    }

    @Test(arguments: [
        "", "{", "[]", "1", "\0\0\0", #"{"input":0,"line":1,"#, #"{"input":0,"line":1}}"#, #"{"input":0,"line":1,}"#,
    ])
    func bytesThatAreNotAnObjectAreToldApart(line: String) {
        let flaw = #expect(throws: JournalRecord.Flaw.self) { try JournalRecord(parsing: Array(line.utf8)[...]) }
        guard case .notAnObject = flaw else { Issue.record("\(line) is \(String(describing: flaw))"); return }
    }
}
