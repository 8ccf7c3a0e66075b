import Celery
import Foundation
import Testing

@testable import Signing

/// Celery's `auth` envelope: a message that a real Celery client has signed, and its certificate.
@Suite struct CertificateTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/celery/messages")
    private static let now = 1_790_000_000.0
    private let directory = try! KeyDirectory()

    private func store() throws -> CertificateStore {
        let certificate = try Data(contentsOf: Self.fixtures.appending(path: "auth-cert.pem"))
        try self.directory.write(certificate, to: "client.pem", mode: 0o644)
        return try CertificateStore(directory: self.directory.path)
    }

    private func envelope() throws -> Envelope {
        let bytes = Array(try Data(contentsOf: Self.fixtures.appending(path: "auth.json")))
        return try Envelope(parsing: bytes[...])
    }

    private func code(_ store: CertificateStore, _ envelope: Envelope, now: Double = Self.now) -> SignatureError.Code? {
        do throws(SignatureError) {
            try store.check(envelope, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    /// The envelope with another body in place of its own.
    private func envelope(_ body: [UInt8]) throws -> Envelope {
        var envelope = try self.envelope()
        let wrapped = Base64.encode(Base64.encode(body[...])[...])
        envelope.body = RawJSON(String(decoding: wrapped, as: UTF8.self))
        return envelope
    }

    private func body() throws -> [UInt8] {
        try Base64.decode(BodyDecoder().payload(of: self.envelope()))!
    }

    @Test func bodyOfARealClientIsTakenAndOpened() throws {
        #expect(self.code(try self.store(), try self.envelope()) == nil)
        var decoder = BodyDecoder()
        decoder.opensSigned = true
        let body = try decoder.taskBody(of: self.envelope())
        #expect(body.args == [2, 3] && body.kwargs["z"] == .string("é"))
    }

    @Test func everyFlippedBitOfTheBodyIsSeen() throws {
        let (store, body) = (try self.store(), try self.body())
        // The content's type stands outside of what Celery signs: flipping it changes how the body is read, not what it says.
        let signed = try SignedBody(parsing: Base64.encode(body[...])[...])
        let unsigned = body.count - signed.content.count
        let types = unsigned - signed.contentType.utf8.count - signed.contentEncoding.utf8.count - 4
        var taken: [Int] = []
        for bit in 0..<body.count * 8 where !(types..<unsigned).contains(bit / 8) {
            var changed = body
            changed[bit / 8] ^= 1 << (bit % 8)
            if self.code(store, try self.envelope(changed)) == nil { taken.append(bit) }
        }
        #expect(taken.isEmpty)
    }

    @Test func strangersAndExpiredCertificatesAreRefused() throws {
        let store = try self.store()
        #expect(self.code(store, try self.envelope(), now: 3_000_000_000) == .outOfTime)
        #expect(self.code(store, try self.envelope(), now: 0) == .outOfTime)
        let others = try KeyDirectory()
        try others.openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-out", "other.pem", "-subj",
            "/CN=fixture/O=example", "-set_serial", "1")
        #expect(self.code(try CertificateStore(directory: others.path), try self.envelope()) == .unknownKey)
        // Another key under the same issuer and number.
        let impostors = try KeyDirectory()
        try impostors.openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-out", "same.pem", "-subj",
            "/CN=fixture/O=example", "-set_serial", "123456789", "-days", "3650")
        let impostor = try CertificateStore(directory: impostors.path)
        #expect(self.code(impostor, try self.envelope(), now: Date().timeIntervalSince1970) == .mismatch)
    }

    @Test func weakAndOtherKeysAreRefused() throws {
        try self.directory.openssl(
            "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null", "-out", "a.pem", "-subj", "/CN=a")
        #expect(throws: KeyError.self) { try CertificateStore(directory: self.directory.path) }
        try self.directory.openssl(
            "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "/dev/null", "-out", "a.pem", "-subj", "/CN=a")
        #expect(throws: KeyError.self) { try CertificateStore(directory: self.directory.path) }
        try self.directory.write("no certificate", to: "a.pem")
        #expect(throws: KeyError.self) { try CertificateStore(directory: self.directory.path) }
    }

    @Test func signedBodiesAreClosedUnlessTheyWereChecked() throws {
        let error = #expect(throws: BodyError.self) { try BodyDecoder().value(of: self.envelope()) }
        #expect(error?.code == .unsupportedContentType)
    }

    @Test func signedBodyInsideOfOneIsRefused() throws {
        let body = try self.body()
        let inner = try SignedBody(parsing: Base64.encode(body[...])[...])
        let head = body.prefix(body.count - inner.content.count - inner.contentType.utf8.count - 9)
        let nested = Array(head) + Array("application/data\0\u{1}utf-8\0\u{1}".utf8) + Base64.encode(body[...])
        var decoder = BodyDecoder()
        decoder.opensSigned = true
        #expect(throws: BodyError.self) { try decoder.value(of: self.envelope(nested)) }
    }

    @Test func damagedEnvelopesAreRefused() throws {
        let body = try self.body()
        for count in stride(from: 0, to: body.count, by: 7) {
            let error = try self.code(self.store(), self.envelope(Array(body.prefix(count))))
            #expect(error != nil)
        }
        #expect(throws: BodyError.self) { try SignedBody(parsing: Array("!".utf8)[...]) }
        let many = [UInt8](repeating: 65, count: 1 << 20)
        #expect(throws: BodyError.self) { try SignedBody(parsing: Base64.encode(many[...])[...]) }
    }
}
