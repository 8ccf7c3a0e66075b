import Celery
import Testing

@testable import Signing

@Suite struct SignatureTests {
    private let secrets: KeyDirectory
    private let ring: KeyRing
    /// One key of each kind.
    private let signers: [SigningKey]
    private static let now = 1_790_000_000.0

    init() throws {
        let (keys, secrets) = (try KeyDirectory(), try KeyDirectory())
        let shared = try keys.secret("shared-1.hmac")
        let pair = try keys.pair("pair_2", private: secrets)
        self.signers = [try SigningKey(file: shared), try SigningKey(file: pair)]
        self.ring = try KeyRing(directory: keys.path)
        self.secrets = secrets
    }

    private func message() throws -> Envelope {
        var task = NewTask(task: "tasks.add", id: "id-1", args: [.string("é\n\"")], routingKey: "celery")
        task.headers.expires = WallTime(seconds: Self.now + 60)
        task.headers.stampedHeaders = ["a"]
        task.headers.stamps = Fields([Fields.Field("a", RawJSON("b"))])
        task.replyTo = "reply"
        return try task.envelope(deliveryTag: "tag")
    }

    private func code(_ envelope: Envelope, maxAge: Double = 100, now: Double = Self.now) -> SignatureError.Code? {
        do throws(SignatureError) {
            _ = try self.ring.check(envelope, maxAge: maxAge, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func signedMessagesAreTaken() throws {
        #expect(self.ring.names == ["pair_2", "shared-1"])
        for signer in self.signers {
            var envelope = try self.message()
            #expect(self.code(envelope) == .unsigned)
            signer.sign(&envelope, now: Self.now)
            #expect(self.code(envelope) == nil)
            // As it comes from a server, and as it is given back.
            let again = try Envelope(parsing: envelope.serialized()[...])
            #expect(self.code(again) == nil)
            #expect(self.code(again.returned(losses: 3)) == nil)
            #expect(self.code(again.returned(losses: 3).renewed()) == nil)
            // A retry is another message, to be signed anew.
            var retried = try again.retried(countdown: 5, now: Self.now, deliveryTag: "t2")
            #expect(self.code(retried) == .mismatch)
            signer.sign(&retried, now: Self.now)
            #expect(self.code(retried) == nil)
        }
    }

    /// All that decides what a worker does with a message; `nil` for one that no worker takes.
    private struct Meaning: Equatable {
        var headers: TaskHeaders
        let signature: RawJSON?
        let texts: [String?]
        let body: [UInt8]

        init?(_ bytes: [UInt8]) {
            guard let envelope = try? Envelope(parsing: bytes[...]),
                let headers = try? TaskHeaders(envelope.headers)
            else { return nil }
            self.headers = headers
            (self.headers.lang, self.headers.others) = (nil, Fields())
            self.signature = envelope.headers[MessageSignature.header]
            self.texts = [
                envelope.contentType, envelope.contentEncoding, envelope.bodyEncoding, envelope.replyTo,
                envelope.compression,
            ]
            self.body = Array(envelope.bodyText)
        }
    }

    @Test func everyFlippedBitOfWhatIsSignedIsSeen() throws {
        for signer in self.signers {
            var envelope = try self.message()
            signer.sign(&envelope, now: Self.now)
            let bytes = envelope.serialized()
            let original = Meaning(bytes)
            var (flipped, refused) = (0, 0)
            for bit in 0..<bytes.count * 8 {
                var changed = bytes
                changed[bit / 8] ^= 1 << (bit % 8)
                guard let meaning = Meaning(changed), meaning != original else { continue }
                flipped += 1
                if try self.code(Envelope(parsing: changed[...])) != nil { refused += 1 }
            }
            #expect(flipped > 2_500)
            #expect(refused == flipped, "\(signer.id): \(flipped - refused) of \(flipped) were taken")
        }
    }

    @Test(arguments: ["task", "id", "eta", "expires", "retries", "timelimit", "group", "group_index", "ignore_result"])
    func headersCannotBeRemovedOrAdded(name: String) throws {
        for signer in self.signers {
            var envelope = try self.message()
            signer.sign(&envelope, now: Self.now)
            var changed = envelope
            changed.headers[name] = envelope.headers[name]?.isNull == true ? RawJSON("x") : RawJSON.null
            #expect(self.code(changed) == .mismatch)
        }
    }

    /// Lines of one message cannot be read as those of another.
    @Test func valuesDoNotRunIntoEachOther() throws {
        var envelope = try self.message()
        envelope.headers["task"] = RawJSON("a\nb")
        envelope.headers["argsrepr"] = RawJSON(unchecked: Array("[1,\n2]".utf8)[...])
        let lines = MessageSignature(keyID: "k", seconds: 1, bytes: []).signedText(of: envelope)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(lines.count == 3 + 2 + 19 + 2 + 1 + 1, "the array has a line end, the text has an escape")
        #expect(lines[0].elementsEqual("celeriac-signature-v1".utf8))
        #expect(lines[5].elementsEqual(#""a\nb""#.utf8))
    }

    @Test func oldAndFutureMessagesAreRefused() throws {
        var envelope = try self.message()
        self.signers[0].sign(&envelope, now: Self.now)
        #expect(self.code(envelope, now: Self.now + 100) == nil)
        #expect(self.code(envelope, now: Self.now + 101) == .outOfTime)
        #expect(self.code(envelope, now: Self.now - 299) == nil)
        #expect(self.code(envelope, now: Self.now - 302) == .outOfTime)
        // One that was not to run before a time is as old as that time.
        envelope.headers["eta"] = RawJSON(WallTime(seconds: Self.now + 5_000)!.text)
        self.signers[0].sign(&envelope, now: Self.now)
        #expect(self.code(envelope, now: Self.now + 5_100) == nil)
        #expect(self.code(envelope, now: Self.now + 5_101) == .outOfTime)
        let message = try self.ring.check(envelope, maxAge: 100, now: Self.now)
        #expect(message.validUntil == Self.now + 5_100)
    }

    @Test func signaturesAreNamedByWhatTheySign() throws {
        var (first, second) = (try self.message(), try self.message())
        self.signers[1].sign(&first, now: Self.now)
        self.signers[1].sign(&second, now: Self.now)
        let ids = try [first, second, first.returned(losses: 1)].map {
            try self.ring.check($0, maxAge: 100, now: Self.now).id
        }
        #expect(Set(ids).count == 1 && ids[0].count == 64)
        self.signers[1].sign(&second, now: Self.now + 1)
        #expect(try self.ring.check(second, maxAge: 100, now: Self.now).id != ids[0])
    }

    @Test func keyOfAnotherNameIsUnknownAndOneOfTheSameNameDiffers() throws {
        let others = try KeyDirectory()
        for (name, code) in [("other.hmac", SignatureError.Code.unknownKey), ("shared-1.hmac", .mismatch)] {
            var envelope = try self.message()
            try SigningKey(file: others.secret(name)).sign(&envelope, now: Self.now)
            #expect(self.code(envelope) == code)
        }
        // A public key is no secret: what it "signs" as an HMAC key is refused.
        var envelope = try self.message()
        var forged = MessageSignature(keyID: "pair_2", seconds: Int(Self.now), bytes: [])
        forged.bytes = Digest.hmac(forged.signedText(of: envelope), key: Array("public".utf8))
        envelope.headers[MessageSignature.header] = RawJSON(forged.text)
        #expect(self.code(envelope) == .mismatch)
    }

    @Test(arguments: [
        "", "v1", "v1 k 1", "v2 k 1 QUJD", "v1 k 1 QUJD ", " v1 k 1 QUJD", "v1  1 QUJD", "v1 k -1 QUJD",
        "v1 k 1.0 QUJD", "v1 k 1 QUJ", "v1 k 1 QUJE=", "v1 ../k 1 QUJD", "v1 k 01 QUJD", "v1 k 1234567890123 QUJD",
        "v1 k\u{202E} 1 QUJD", "v1 k 1 QUJD\n",
    ])
    func otherTextsAreNoSignatures(text: String) throws {
        #expect(MessageSignature(parsing: text) == nil)
        var envelope = try self.message()
        envelope.headers[MessageSignature.header] = RawJSON(text)
        #expect(self.code(envelope) == .malformed)
        envelope.headers[MessageSignature.header] = RawJSON(1)
        #expect(self.code(envelope) == .malformed)
    }

    /// What the page on signatures shows, computed by Python's `hmac`.
    @Test func signatureIsTheOneOfTheDocumentation() throws {
        let keys = try KeyDirectory()
        let secret = "hmac-sha256 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        let key = try SigningKey(file: keys.write(secret, to: "example.hmac"))
        var envelope = try NewTask(task: "tasks.add", id: "1", args: [2, 3]).envelope(deliveryTag: "t")
        key.sign(&envelope, now: 1_790_000_000)
        #expect(
            envelope.headers["celeriac_signature"]?.text
                == "v1 example 1790000000 xTgSABzyuCPfGjkYBwab7wiS2VM9JUMMqI738TQWI9M=")
    }
}
