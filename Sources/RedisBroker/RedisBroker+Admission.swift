import Celery
import Configuration
import JSON
import Redis
import Supervision

/// Limited tasks: how many may start in a time, and how many may run, over all workers.
///
/// The server decides when a message has been taken and its task is known. One that may not start leaves this worker in
/// the same step, so it takes no slot and stops no other message; it comes back by itself when it may.
extension RedisBroker {
    /// Bodies that are opened for their arguments: `limit_key` is the one thing for which the master looks into a body.
    private static let mostOpened = 65_536

    /// Asks for a message's start; ``admitted(_:)`` hears the answer.
    func askForAdmission(_ number: UInt64, _ admission: AdmissionSettings) {
        guard let message = self.held[number] else { return }
        self.held[number]!.place = .settling
        self.unadmitted.append(number)
        let subject = self.subject(message, admission)
        let slots = self.keys.slots(subject)
        var command = self.call(
            .admit,
            keys: [
                self.keys.unacked, self.keys.unackedIndex, self.keys.scheduled, self.keys.admitted,
                self.keys.rate(subject), slots, BrokerKeys.waiting(forSlots: slots), self.keys.limited,
            ])
        command.add(message.tag)
        command.add("\(String(decoding: message.head.id, as: UTF8.self)):\(message.head.retries)")
        command.add(Int((admission.rate?.interval.wholeNanoseconds ?? 0) / 1_000))
        command.add(admission.maxConcurrent ?? 0)
        command.add(self.slotSeconds)
        command.add(self.scheduledMember(message, message.bytes))
        let holdsSlot = admission.maxConcurrent != nil
        self.commands.send(command) { [unowned self] in
            self.admissionAnswered(number, $0, slots: holdsSlot ? slots : nil)
        }
    }

    /// What is limited: the task, or the task with what its arguments say.
    private func subject(_ message: HeldMessage, _ admission: AdmissionSettings) -> String {
        let task = self.directory.names[message.task]
        guard let key = admission.key else { return task }
        let arguments = message.head.body.bytes.count <= Self.mostOpened ? MessageArguments(message.bytes) : nil
        let text = arguments.flatMap { arguments in try? key.rendered { arguments.text($0) } }
        return "\(task).\(text ?? "")"
    }

    private func admissionAnswered(_ number: UInt64, _ answer: Result<Reply, RedisError>, slots: String?) {
        // Without an answer it is asked for again on the next connection.
        guard case .success(let reply) = answer else { return }
        let now = self.loop.now
        let parts = reply.asArray ?? []
        if case .error(let error) = reply { self.serverRefused(error, "admit") }
        self.unadmitted.removeAll { $0 == number }
        switch parts.first?.asText {
        case "go":
            self.held[number]?.slots = slots
            self.begin(number, now: now)
        case "later":
            let seconds = parts.last?.asText.flatMap { Double($0) } ?? 0
            self.taking.scheduled(for: now + .nanoseconds(Int64(min(seconds, 1e9) * 1e9)))
            self.held[number] = nil
        case "wait", "gone": self.held[number] = nil
        default: self.putBack(number, front: false)
        }
    }

    /// Asks again for what a lost connection left open.
    func askAgainForAdmission() {
        let numbers = self.unadmitted
        self.unadmitted = []
        for number in numbers {
            guard let message = self.held[number] else { continue }
            self.askForAdmission(number, self.profiles.delivery(message.task).admission)
        }
    }

    /// Seconds that a slot stays taken after its holder's last sign of life.
    private var slotSeconds: Int { max(2, 2 * Int(self.options.workerTimeout.wholeNanoseconds / 1_000_000_000)) }

    func renewSlots() {
        let holders = self.held.filter { $0.value.slots != nil }.keys.sorted()
        if !holders.isEmpty {
            var command = self.call(.renewSlots, keys: holders.map { self.held[$0]!.slots! })
            command.add(self.slotSeconds)
            for number in holders { command.add(self.tag(number)) }
            self.commands.send(command) { _ in }
        }
        guard self.limitsAnything else { return }
        self.commands.send(self.call(.resume, keys: [self.keys.limited, self.keys.scheduled])) { _ in }
        self.taking.changed(.all)
    }

    private var limitsAnything: Bool {
        self.directory.names.indices.contains { self.profiles.delivery($0).admission.maxConcurrent != nil }
    }
}

/// The arguments of a message, for the templates that name them.
struct MessageArguments {
    private let positional: [CeleryValue]
    private let keywords: CeleryObject
    private let id: String

    /// Opens a message; `nil` for one that cannot be read.
    init?(_ bytes: ArraySlice<UInt8>) {
        var limits = BodyLimits(maxDepth: 32, maxValues: 10_000)
        limits.decompression.maxOutput = 1 << 20
        guard let envelope = try? Envelope(parsing: bytes),
            let body = try? BodyDecoder(accepted: [.json, .messagePack], limits: limits).taskBody(of: envelope)
        else { return nil }
        self.positional = body.args
        self.keywords = body.kwargs
        self.id = envelope.headers["id"]?.text ?? ""
    }

    /// What stands for a placeholder: a text as it is, anything else as JSON.
    func text(_ placeholder: CommandTemplate.Placeholder) -> String? {
        switch placeholder {
        case .argument(let index): self.positional.indices.contains(index) ? Self.text(self.positional[index]) : nil
        case .keyword(let name): self.keywords[name].flatMap(Self.text)
        case .arguments: Self.text(.array(self.positional))
        case .keywords: Self.text(.object(self.keywords))
        case .id: self.id
        }
    }

    private static func text(_ value: CeleryValue) -> String? {
        if case .string(let text) = value { return text }
        return (try? value.json()).map { String(decoding: $0, as: UTF8.self) }
    }
}
