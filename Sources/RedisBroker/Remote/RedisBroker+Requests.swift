import Celery
import Reactor
import Redis
import RemoteControl
import Signing
import Supervision
import Syscalls

/// Answers requests. Nothing here waits; an answer may come in a later pass.
public protocol RequestHandler: AnyObject {
    /// Does what is asked and says what to answer; `nil` for no answer.
    func handle(_ request: ControlRequest, then answer: @escaping (CeleryValue?) -> Void)
}

/// Duty 5: requests to all workers, and answers to whoever asks.
extension RedisBroker {
    /// The largest answer; whoever wants more is told so instead.
    private static let largestAnswer = 8 << 20

    func startRemoteControl(on loop: any EventLoop) {
        guard self.handler != nil, self.options.listens else { return }
        self.gate = RequestGate(now: self.loop.wallSeconds)
        let link = RemoteLink(
            channel: self.keys.control(database: self.brokerDatabase), logger: self.logger,
            listening: { [unowned self] in self.loadRevocations() },
            heard: { [unowned self] in self.heard($0) })
        link.start(self.url, endpoint: self.endpoint(self.url), on: loop, seed: self.random.next())
        self.link = link
    }

    private func heard(_ message: ArraySlice<UInt8>) {
        do throws(ControlError) {
            let envelope = try ControlRequest.envelope(message)
            let request = try ControlRequest(envelope)
            self.clock.heard(request.clock)
            guard try request.isAddressed(to: self.options.nodeName) else { return }
            if let refusal = self.refusal(of: envelope) { return self.refuse(request, refusal) }
            self.handler?.handle(request) { [unowned self] in self.answer(request, $0) }
        } catch {
            guard self.told.isNews(error.text, about: "request") else { return }
            self.logger.warning("control.malformed", metadata: ["reason": "\(error.text.prefix(200))"])
        }
    }

    /// Why a request is not carried out; `nil` for one that is.
    private func refusal(of envelope: Envelope) -> SignatureError? {
        guard self.options.requiresSignedRequests else { return nil }
        do throws(SignatureError) {
            try self.gate.admit(envelope, self.messageKeys, now: self.loop.wallSeconds)
            return nil
        } catch {
            return error
        }
    }

    private func refuse(_ request: ControlRequest, _ error: SignatureError) {
        let text = ControlError("PermissionError", "remote control is for signed requests here: \(error)").text
        self.answer(request, ["error": .string(text)])
        guard self.told.isNews(error.description, about: "signature") else { return }
        self.logger.warning(
            "control.refused", metadata: ["method": "\(request.method.prefix(80))", "reason": "\(error)"])
    }

    private func answer(_ request: ControlRequest, _ value: CeleryValue?) {
        guard let value, let key = request.replyKey else { return }
        let reply = ControlReply(node: self.options.nodeName, value: value)
        let message: [UInt8]
        do throws(BodyError) {
            message = try reply.message(to: request, clock: self.clock.tick(), deliveryTag: self.nextID())
        } catch {
            return self.answer(request, ["error": .string(ControlError("EncodeError", "\(error)").text)])
        }
        guard message.count <= Self.largestAnswer else {
            let error = ControlError("ValueError", "the answer has \(message.count) bytes")
            return self.answer(request, ["error": .string(error.text)])
        }
        var command = self.call(.reply, keys: [self.keys.bindings(of: request.replyExchange)])
        command.add(key)
        command.add(self.keys.prefix)
        command.add(BrokerKeys.separator)
        command.add(message)
        self.commands.send(command) { _ in }
    }

    /// The time of an event of the worker's own.
    public func nextClock() -> Int { self.clock.tick() }

    /// Where the broker is, for people.
    public var server: ServerURL { self.url }

    func nextID() -> String { String(decoding: self.ids.next(), as: UTF8.self) }
}
