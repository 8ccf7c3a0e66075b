import Celery
import Testing

@testable import Signing

@Suite struct KeyFileTests {
    private let keys = try! KeyDirectory()

    private func reason(_ load: () throws -> Void) -> String {
        do {
            try load()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o666, 0o620, 0o602])
    func secretsThatOthersMayReadOrWriteAreRefused(mode: Int) throws {
        let path = try self.keys.secret("k.hmac", mode: mode)
        let words = mode & 0o022 == 0 ? "can be read by others" : "can be changed by others"
        #expect(self.reason { _ = try SigningKey(file: path) }.contains(words))
        #expect(self.reason { _ = try KeyRing(directory: self.keys.path) }.contains(words))
    }

    @Test(arguments: [0o400, 0o600, 0o700])
    func secretsOfTheirOwnerAreRead(mode: Int) throws {
        let path = try self.keys.secret("k.hmac", mode: mode)
        #expect(try SigningKey(file: path).id == "k")
        #expect(try KeyRing(directory: self.keys.path).names == ["k"])
    }

    @Test func directoryThatOthersMayChangeIsRefused() throws {
        try self.keys.secret("k.hmac")
        for mode in [0o770, 0o707, 0o1777] {
            try self.keys.setMode(mode)
            #expect(self.reason { _ = try KeyRing(directory: self.keys.path) }.contains("can be changed by others"))
        }
        try self.keys.setMode(0o755)
        #expect(throws: Never.self) { try KeyRing(directory: self.keys.path) }
    }

    @Test func publicKeysMayBeReadButNotWritten() throws {
        let secrets = try KeyDirectory()
        let path = try self.keys.pair("p", private: secrets)
        #expect(throws: Never.self) { try KeyRing(directory: self.keys.path) }
        try self.keys.setMode(0o666, of: "p.pem")
        #expect(self.reason { _ = try KeyRing(directory: self.keys.path) }.contains("can be changed by others"))
        try secrets.setMode(0o644, of: "p.pem")
        #expect(self.reason { _ = try SigningKey(file: path) }.contains("can be read by others"))
    }

    @Test func halvesOfAPairAreForOneThingEach() throws {
        let secrets = try KeyDirectory()
        let path = try self.keys.pair("p", private: secrets)
        #expect(self.reason { _ = try KeyRing(directory: secrets.path) }.contains("is a private key"))
        #expect(throws: Never.self) { try SigningKey(file: path) }
        try self.keys.setMode(0o600, of: "p.pem")
        #expect(self.reason { _ = try SigningKey(file: "\(self.keys.path)/p.pem") }.contains("is neither"))
    }

    @Test func otherKindsOfKeysAreRefused() throws {
        try self.keys.openssl("genpkey", "-algorithm", "rsa", "-out", "rsa.pem")
        try self.keys.openssl("genpkey", "-algorithm", "ed25519", "-aes128", "-pass", "pass:x", "-out", "locked.pem")
        for name in ["rsa.pem", "locked.pem"] {
            try self.keys.setMode(0o600, of: name)
            #expect(self.reason { _ = try SigningKey(file: "\(self.keys.path)/\(name)") }.contains("is neither"))
        }
    }

    @Test(arguments: ["", "hmac-sha256", "hmac-sha256 !", "hmac-sha256 QUJD", "hmac-sha512 QUJD", "secret"])
    func otherTextsAreNoSecrets(text: String) throws {
        let path = try self.keys.write(text, to: "k.hmac")
        let reason = self.reason { _ = try SigningKey(file: path) }
        #expect(reason.hasPrefix(path) && !reason.contains("QUJD"))
        #expect(!self.reason { _ = try KeyRing(directory: self.keys.path) }.isEmpty)
    }

    @Test func namesAndNumbersOfKeysAreChecked() throws {
        #expect(self.reason { _ = try KeyRing(directory: self.keys.path) }.contains("has no keys"))
        #expect(self.reason { _ = try KeyRing(directory: "/no/such") }.contains("/no/such"))
        try self.keys.secret("bad name.hmac")
        #expect(self.reason { _ = try KeyRing(directory: self.keys.path) }.contains("the name of a key"))
        let others = try KeyDirectory()
        try others.secret("k.hmac")
        try others.secret(".hidden", mode: 0o666)
        #expect(try KeyRing(directory: others.path).names == ["k"])
        try others.secret("k.txt")
        #expect(self.reason { _ = try KeyRing(directory: others.path) }.contains("another key called k"))
        #expect(self.reason { _ = try SigningKey(file: "/dev/zero") }.contains("/dev/zero"))
    }
}
