import Testing
import WorkerStatus

@Suite struct StatusPageTests {
    private let page = StatusPage.html(nonce: "n0nce")

    @Test func needsNothingFromElsewhere() {
        for part in ["src=", "url(", "@import", "https:", "//cdn"] { #expect(!self.page.contains(part), "\(part)") }
        // The one address in it is the name of a vocabulary, which nobody fetches.
        #expect(self.page.split(separator: "http:").count == 2)
        #expect(self.page.contains("'http://www.w3.org/2000/svg'"))
    }

    /// Names and messages are anybody's.
    @Test func foreignTextsDoNotBecomeMarkup() {
        for part in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=", "onclick"] {
            #expect(!self.page.contains(part), "\(part)")
        }
    }

    @Test func onlyItsOwnScriptMayRun() {
        let policy = StatusPage.contentPolicy(nonce: "n0nce")
        #expect(policy.hasPrefix("default-src 'none'; script-src 'nonce-n0nce';"))
        #expect(!policy.contains("unsafe"))
        #expect(self.page.split(separator: "<script").count == 2)
        #expect(self.page.contains(#"<script nonce="n0nce">"#) && self.page.contains(#"<style nonce="n0nce">"#))
    }
}
