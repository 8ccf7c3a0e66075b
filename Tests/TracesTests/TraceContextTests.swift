import Testing
import Traces

struct TraceContextTests {
    private static let example = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func traceparentIsReadAndWrittenAlike() throws {
        let context = try #require(TraceContext(parsing: Self.example.utf8))
        #expect(context.traceText == "0af7651916cd43dd8448eb211c80319c")
        #expect(context.spanText == "b7ad6b7169203331")
        #expect(context.isSampled)
        #expect(context.text == Self.example)
    }

    @Test func childHasTheTraceAndItsFlags() throws {
        let context = try #require(
            TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02".utf8))
        #expect(!context.isSampled)
        #expect(context.child(7)?.text == "00-0af7651916cd43dd8448eb211c80319c-0000000000000007-02")
        #expect(context.child(0) == nil)
    }

    /// The specification's own cases of what a version that is not known yet may look like.
    @Test(arguments: [
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes", true),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", false),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what", false),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false),
        ("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
        ("", false),
    ]) func onlyWhatTheSpecificationAllowsIsTaken(text: String, isTaken: Bool) {
        #expect((TraceContext(parsing: text.utf8) != nil) == isTaken)
    }

    @Test func flagsWithoutMeaningAreDropped() {
        let context = TraceContext(parsing: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff".utf8)
        #expect(context?.flags == 3)
    }
}
