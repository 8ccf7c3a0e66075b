import JSON
import Supervision
import Testing

@testable import Celery

@Suite struct ResultWritingTests {
    private func written(_ document: ResultDocument, extended: ArraySlice<UInt8> = []) -> String {
        let children = document.children.flatMap { try? CeleryValue.array($0.map(\.value)).json() }
        var buffer: [UInt8] = []
        ResultDocument.write(
            document.state,
            result: document.result.bytes,
            traceback: document.traceback.map(self.bytes),
            children: children?[...],
            dateDone: document.dateDone.map { self.bytes($0.text) },
            groupID: document.groupID.map(self.bytes),
            parentID: document.parentID.map(self.bytes),
            extended: extended,
            taskID: self.bytes(document.taskID),
            into: &buffer
        )
        return String(decoding: buffer, as: UTF8.self)
    }

    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    private func text(_ document: ResultDocument) -> String { String(decoding: document.serialized(), as: UTF8.self) }

    @Test func documentsAreWrittenAsFromValues() throws {
        var document = ResultDocument.success("id \"é\u{1F600}\n", result: RawJSON("r"), at: WallTime(seconds: 5)!)
        #expect(self.written(document) == self.text(document))
        document.groupID = "g\\"
        document.parentID = ""
        document.traceback = "line\nline"
        document.children = [.task(id: "c", parent: nil)]
        #expect(self.written(document) == self.text(document))
        let retry = try ResultDocument.retry("1", nil)
        #expect(self.written(retry) == self.text(retry))
    }

    @Test func childrenAreNoneWhenTheyAreNotGiven() {
        var buffer: [UInt8] = []
        ResultDocument.write(
            .success, result: self.bytes("1"), dateDone: nil, taskID: self.bytes("t"), into: &buffer)
        let document = ResultDocument(taskID: "t", state: .success, result: RawJSON(1))
        #expect(String(decoding: buffer, as: UTF8.self) == self.text(document))
    }

    @Test func extensionsAreWrittenBehindTheIDs() throws {
        var extended = ResultDocument.Extension(
            name: "n", args: RawJSON([RawJSON(1)]), kwargs: Fields().raw, worker: "w@h", retries: 2, queue: "q")
        extended.stampedHeaders = ["tenant", "status"]
        extended.stamps = Fields([Fields.Field("tenant", RawJSON("acme")), Fields.Field("status", RawJSON("hidden"))])
        var document = ResultDocument.success("1", result: .null, at: WallTime(seconds: 5.5)!)
        document.parentID = "p"
        let plain = self.text(document)
        document.extended = extended
        #expect(self.written(document, extended: extended.members[...]) == self.text(document))
        #expect(self.text(document) != plain)
    }

    @Test(arguments: Fixture.all(in: "canvas").filter { $0.name.contains("-result-") })
    func capturedDocumentsAreWrittenAsTheyAre(_ fixture: Fixture) throws {
        #expect(self.written(try ResultDocument(parsing: fixture.slice)) == fixture.text)
    }

    @Test func timesAreWrittenAsWallTimesAre() {
        var formatter = WallTimeFormatter()
        var random = SeededGenerator(seed: 3)
        var seconds = [0, 0.5, 0.25, -0.000_001, -1, 1.999_999_9, 2, 2.000_000_4, -62_135_596_800]
        for _ in 0..<1_000 {
            let second = Double(Int.random(in: 1_795_426_180...1_795_426_182, using: &random))
            seconds.append(second + Double.random(in: 0..<1, using: &random))
        }
        for second in seconds {
            let text = formatter.text(seconds: second).map { String(decoding: $0, as: UTF8.self) }
            #expect(text == WallTime(seconds: second)?.text)
        }
        for second in [Double.nan, .infinity, -1e12, 1e12] { #expect(formatter.text(seconds: second) == nil) }
    }

    @Test func aTextIsKeptWhenTheNextIsWritten() {
        var formatter = WallTimeFormatter()
        let first = formatter.text(seconds: 1.5)
        let second = formatter.text(seconds: 1.75)
        #expect(first.map { String(decoding: $0, as: UTF8.self) } == "1970-01-01T00:00:01.500000+00:00")
        #expect(second.map { String(decoding: $0, as: UTF8.self) } == "1970-01-01T00:00:01.750000+00:00")
    }
}
