import Celery
import Testing

@testable import Signing

@Suite struct RequestGateTests {
    private static let now = 1_700_000_000.0
    private let directory = try! KeyDirectory()
    private let key: SigningKey
    private let keys: MessageKeys

    init() throws {
        self.key = try SigningKey(file: self.directory.secret("operator.hmac"))
        self.keys = try MessageKeys(verifyKeys: self.directory.path)
    }

    private func request(_ body: String = #"{"method":"ping"}"#, nonce: String = "n1", at time: Double = now) throws
        -> Envelope
    {
        let content = String(decoding: Base64.encode(Array(body.utf8)[...]), as: UTF8.self)
        let text =
            #"{"body":"\#(content)","content-type":"application/json","content-encoding":"utf-8","headers":{"#
            + #""clock":1},"properties":{"delivery_tag":"d","body_encoding":"base64"}}"#
        var envelope = try Envelope(parsing: Array(text.utf8)[...])
        self.key.sign(request: &envelope, nonce: nonce, now: time)
        return envelope
    }

    private func code(_ gate: inout RequestGate, _ envelope: Envelope, now: Double = now) -> SignatureError.Code? {
        do throws(SignatureError) {
            try gate.admit(envelope, self.keys, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func eachRequestIsTakenOnce() throws {
        var gate = RequestGate(now: Self.now - 10)
        #expect(self.code(&gate, try self.request()) == nil)
        #expect(self.code(&gate, try self.request()) == .replayed)
        #expect(self.code(&gate, try self.request(nonce: "n2")) == nil)
        // What is not signed may change on the way, and makes no other request.
        var again = try self.request()
        again.headers["clock"] = RawJSON(2)
        again.properties["delivery_tag"] = RawJSON("other")
        #expect(self.code(&gate, again) == .replayed)
    }

    @Test func oldAndFutureRequestsAreRefused() throws {
        var gate = RequestGate(now: Self.now - 1_000)
        #expect(self.code(&gate, try self.request(at: Self.now - 61)) == .outOfTime)
        #expect(self.code(&gate, try self.request(at: Self.now + 6)) == .outOfTime)
        #expect(self.code(&gate, try self.request(nonce: "a", at: Self.now - 60)) == nil)
        #expect(self.code(&gate, try self.request(nonce: "b", at: Self.now + 5)) == nil)
    }

    /// It may have been carried out before the worker was started anew.
    @Test func requestsFromBeforeTheStartAreRefused() throws {
        var gate = RequestGate(now: Self.now)
        #expect(self.code(&gate, try self.request(at: Self.now - 1)) == .outOfTime)
        #expect(self.code(&gate, try self.request(at: Self.now)) == nil)
    }

    @Test func requestsAreRememberedForAsLongAsTheyAreTaken() throws {
        var gate = RequestGate(now: Self.now - 100)
        let ahead = try self.request(at: Self.now + 5)
        #expect(self.code(&gate, ahead) == nil)
        for number in 0..<9_999 { #expect(self.code(&gate, try self.request(nonce: "\(number)")) == nil) }
        #expect(self.code(&gate, try self.request(nonce: "more")) == .replayed, "there is no room to remember it")
        #expect(self.code(&gate, try self.request(nonce: "later", at: Self.now + 63), now: Self.now + 63) == nil)
        #expect(self.code(&gate, ahead, now: Self.now + 65) == .replayed)
    }

    @Test func whatIsSignedCannotBeChanged() throws {
        let changes: [(inout Envelope) -> Void] = [
            { $0.body = RawJSON("e30=") },
            { $0.contentType = "application/x-python-serialize" },
            { $0.contentEncoding = "binary" },
            { $0.headers["celeriac_nonce"] = RawJSON("other") },
            { $0.headers["celeriac_nonce"] = nil },
            { $0.headers["compression"] = RawJSON("application/x-gzip") },
            { $0.properties["body_encoding"] = nil },
        ]
        for (index, change) in changes.enumerated() {
            var gate = RequestGate(now: Self.now)
            var envelope = try self.request()
            change(&envelope)
            #expect(self.code(&gate, envelope) == .mismatch, "change \(index)")
        }
    }

    @Test func signaturesOfTasksAreNoneOfRequests() throws {
        var gate = RequestGate(now: Self.now)
        var envelope = try self.request()
        self.key.sign(&envelope, now: Self.now)
        #expect(self.code(&gate, envelope) == .mismatch)
        envelope.headers["celeriac_signature"] = nil
        #expect(self.code(&gate, envelope) == .unsigned)
    }

    @Test func aRequestWithoutANonceIsRefused() throws {
        var gate = RequestGate(now: Self.now)
        #expect(self.code(&gate, try self.request(nonce: "")) == .malformed)
    }

    @Test func withoutKeysNothingIsTaken() throws {
        var gate = RequestGate(now: Self.now)
        #expect(throws: SignatureError.noKeys) { try gate.admit(try self.request(), nil, now: Self.now) }
    }
}
