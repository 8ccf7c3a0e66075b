import Broker
import Celery
import Configuration
import Redis
import Signing
import Supervision
import Wire

/// Signed messages: which may run, and each only once.
///
/// They are checked here, not in children: a child that a task has taken over would find everything right, and the keys
/// of an HMAC must be where no task is. The body stays closed; its bytes are hashed as they are.
///
/// A signature is claimed at the server before its message runs, under the delivery's tag. While that tag is among the
/// unacknowledged, or after the message has ended, a second message of the same signature is a copy, and refused. When
/// the tag is gone and the message has not ended, it was given back, and whoever has it now may go on.
extension RedisBroker {
    /// Why a message may not run.
    struct SignatureRefusal: Error {
        let reason: DeadLetter.Reason
        let text: String

        static let impossible = SignatureRefusal(SignatureError.noKeys)

        init(_ error: SignatureError) {
            self.reason = error.code == .unsigned ? .unsigned : .badSignature
            self.text = error.description
        }
    }

    /// The claim of a message whose task requires a signature; `nil` where none is required. Throws for what may not run.
    func checkSignatures(
        _ bytes: ArraySlice<UInt8>, _ head: MessageHead, _ task: Int
    ) throws(SignatureRefusal) -> SignatureClaim? {
        let delivery = self.profiles.delivery(task)
        let keys = self.messageKeys
        let checksCertificate =
            delivery.requiresCertificate || keys?.certificates != nil && Self.isEnclosed(head)
        guard delivery.requiresSignature || checksCertificate else { return nil }
        // Who can check nothing takes nothing.
        guard let keys, let envelope = try? Envelope(parsing: bytes) else { throw .impossible }
        do throws(SignatureError) {
            let now = self.loop.wallSeconds
            if checksCertificate { try keys.checkCertificate(envelope, now: now) }
            guard delivery.requiresSignature else { return nil }
            let message = try keys.checkSignature(envelope, now: now)
            return SignatureClaim(
                key: self.keys.signature(message.id), seconds: max(1, Int(message.validUntil - now)) + 1)
        } catch {
            throw SignatureRefusal(error)
        }
    }

    private static func isEnclosed(_ head: MessageHead) -> Bool {
        head.contentType?.elementsEqual(SignedBody.contentType.utf8) ?? false
    }

    // MARK: Claims

    /// Claims a message's signature; the message goes on when the server has said that it is no copy.
    func askForClaim(_ number: UInt64, _ claim: SignatureClaim) {
        self.held[number]!.place = .settling
        self.unclaimed.append(number)
        var command = self.call(.claim, keys: [self.keys.unacked, claim.key])
        command.add(self.tag(number))
        command.add(claim.seconds)
        self.commands.send(command) { [unowned self] in self.claimAnswered(number, $0) }
    }

    private func claimAnswered(_ number: UInt64, _ answer: Result<Reply, RedisError>) {
        // Without an answer it is asked for again on the next connection.
        guard case .success(let reply) = answer else { return }
        if case .error(let error) = reply { self.serverRefused(error, "claim") }
        self.unclaimed.removeAll { $0 == number }
        switch reply.asText {
        case "go": self.judge(number, now: self.loop.now)
        case "copy": self.buryCopy(number)
        case "gone": self.held[number] = nil
        default: self.putBack(number, front: false)
        }
    }

    /// A copy says nothing about the message that it was made of: no result is stored.
    private func buryCopy(_ number: UInt64) {
        guard let message = self.held[number] else { return }
        var letter = DeadLetter(
            reason: .replayed, text: "a message of this signature has run or is running", queue: message.queue,
            message: message.bytes)
        letter.taskID = String(decoding: message.head.id, as: UTF8.self)
        letter.task = String(decoding: message.head.task, as: UTF8.self)
        letter.priority = message.head.priority
        self.logDeath(letter)
        var settlement = message.settlement
        settlement.effects = [self.effect(letter, number)]
        self.settle(number, settlement)
    }

    /// Asks again for what a lost connection left open.
    func askAgainForClaims() {
        let numbers = self.unclaimed
        self.unclaimed = []
        for number in numbers {
            if let claim = self.held[number]?.claim { self.askForClaim(number, claim) }
        }
    }

    // MARK: Signing

    /// A message that this worker publishes for one that was signed, signed in its turn.
    ///
    /// What the tasks of unsigned messages publish stays unsigned: nobody vouches for what made them publish it.
    func signed(_ bytes: ArraySlice<UInt8>, for message: HeldMessage) -> ArraySlice<UInt8> {
        guard message.claim != nil, let signer = self.messageKeys?.signer,
            var envelope = try? Envelope(parsing: bytes)
        else { return bytes }
        signer.sign(&envelope, now: self.loop.wallSeconds)
        return envelope.serialized()[...]
    }
}

/// What keeps a signed message from running twice.
struct SignatureClaim {
    /// The key of the claim.
    let key: String
    /// How long the signature will be taken.
    let seconds: Int

    /// The message has ended: every other one of its signature is a copy from now on.
    var ended: Settlement.Effect { .end(claim: self.key, seconds: self.seconds) }
    /// The message has not run after all.
    var released: Settlement.Effect { .forget(key: self.key) }
}
