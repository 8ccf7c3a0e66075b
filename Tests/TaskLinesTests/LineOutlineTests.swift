import JSON
import Supervision
import Testing

@testable import TaskLines

@Suite struct LineOutlineTests {
    /// What a reader of the whole line finds, in a form that compares: fields, or the error.
    private func whole(_ bytes: [UInt8]) -> String {
        do throws(TaskLineError) {
            guard let line = try TaskLine(parsing: bytes[...]) else { return "blank" }
            return self.text(line, line.args, line.kwargs)
        } catch {
            return "\(error)"
        }
    }

    private func inPieces(_ bytes: [UInt8], of size: Int) -> String {
        var outline = LineOutline()
        do throws(TaskLineError) {
            for start in stride(from: 0, to: bytes.count, by: size) {
                try outline.feed(bytes[start..<min(start + size, bytes.count)])
            }
            let parts = try outline.finish()
            guard let line = parts.line else { return "blank" }
            return self.text(
                line, parts.args.map { bytes[$0] } ?? line.args, parts.kwargs.map { bytes[$0] } ?? line.kwargs)
        } catch {
            return "\(error)"
        }
    }

    private func text(_ line: TaskLine, _ args: ArraySlice<UInt8>, _ kwargs: ArraySlice<UInt8>) -> String {
        let arguments = [args, kwargs].map { String(decoding: $0, as: UTF8.self) }
        return "\(line.id?.string ?? "-") \(line.task.string) \(arguments) \(line.priority) \(line.limits)"
    }

    @Test(arguments: [
        #"{"task":"a","args":[1,[2],{"args":[3]}],"kwargs":{"x":{"y":1}},"id":"i"}"#,
        #"{"task":"a"}"#, #"  { "kwargs" : { } , "task" : "a" , "args" : [ ] }  "#,
        #"{"limits":{"hard_time":"2s","memory":null},"task":"a","args":["]}\"",{}],"priority":3}"#,
        #"{"task":"a","args":null}"#, "", "   ", "\t\r", "{}", "[1]", "3", #""text""#, #"{"task":"a","args":[1}"#,
        #"{"task":"a","args":[[1,2]],"tsk":1}"#, #"{ "args":[1,2,3], "args":[4], "task":"a" }"#,
        #"{"task":"a","args":{"x":[1,2,3]}}"#, #"{"task":"a","kwargs":[1,2,3],"id":"i"}"#,
        #"{"args":[1,2],"priority": 77,"task":"a"}"#, #"{"task":"a","xargs":[1]}"#, #"{"task":"a","\"args":[1]}"#,
        #"{"task":"a","args":[1]} x"#, #"{"task":"a","args":[01]}"#, #"{"task":"a""#, "nul",
        #"{"task":"a","\u0061rgs":[1,2]}"#,
    ]) func everySplitGivesTheSameLine(text: String) {
        let bytes = Array(text.utf8)
        let expected = self.whole(bytes)
        for size in 1...max(1, bytes.count) {
            #expect(self.inPieces(bytes, of: size) == expected, "pieces of \(size)")
        }
    }

    @Test func argumentsAreNotKept() throws {
        var outline = LineOutline()
        try outline.feed(Array(#"{"task":"a","args":["#.utf8)[...])
        let piece = Array(String(repeating: "[1],", count: 10_000).utf8)[...]
        for _ in 0..<100 { try outline.feed(piece) }
        try outline.feed(Array("2]}".utf8)[...])
        #expect(try outline.finish().args == 19..<19 + 100 * piece.count + 3)
    }

    /// Blanks are not kept either; anything else beside the arguments is bounded.
    @Test(arguments: [(#"{"id":""#, "x"), ("{", #""a":1,"#), (#"{"limits":["#, "1,")])
    func whatStandsBesideTheArgumentsIsBounded(start: String, repeated: String) throws {
        var outline = LineOutline()
        try outline.feed(Array(start.utf8)[...])
        try outline.feed([UInt8](repeating: 0x20, count: start == "{" ? 200_000 : 0)[...])
        let piece = Array(String(repeating: repeated, count: 60_000 / repeated.utf8.count).utf8)[...]
        try outline.feed(piece)
        let error = #expect(throws: TaskLineError.self) { try outline.feed(piece) }
        #expect(error?.message == "what stands beside \"args\" and \"kwargs\" has more than 64 KiB")
    }
}
