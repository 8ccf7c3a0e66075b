import Supervision
import Testing

@testable import Configuration

@Suite struct SigningSettingsTests {
    @Test func settingsAreRead() throws {
        let settings = try load(
            """
            [worker]
            verify_keys = "/k"
            signing_key = "/s"
            certificates = "/c"
            signature_max_age = "2h"
            require_certificate = true
            [tasks.a]
            require_signature = true
            require_certificate = false
            command = ["a"]
            """)
        let signing = settings.worker.broker.signing
        #expect(signing.verifyKeys == "/k" && signing.signingKey == "/s" && signing.certificates == "/c")
        #expect(signing.maxAge == .seconds(7_200))
        let task = try #require(settings.task(named: "a")).delivery
        #expect(task.requiresSignature && !task.requiresCertificate)
    }

    @Test(arguments: [
        ("[worker]\nrequire_signature = true", "'require_signature' needs 'verify_keys' in [worker]"),
        ("[worker]\nrequire_certificate = true", "'require_certificate' needs 'certificates' in [worker]"),
        ("[tasks.a]\ncommand = [\"a\"]\nrequire_signature = true", "needs 'verify_keys' in [worker]"),
        ("[worker]\nverify_keys = \"k\"", "'verify_keys' must be an absolute path, not \"k\""),
    ])
    func whatCannotBeCheckedIsAMistake(text: String, message: String) {
        #expect(errors(text).count == 1)
        #expect(errors(text).first?.contains(message) == true)
    }
}
