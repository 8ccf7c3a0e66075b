import Broker
import Celery
import JSON
import Supervision
import Wire

/// Result documents as Celery writes them, from what the master knows of an outcome.
struct ResultDocuments {
    /// The module that errors of tasks are said to come from: readers make a class of it that has the error's name.
    static let module = "celeriac"

    let options: ResultOptions
    let nodeName: String
    private let keys: ResultKeys
    private let seconds: Int
    private var formatter = WallTimeFormatter()

    init(options: ResultOptions, nodeName: String) {
        self.options = options
        self.nodeName = nodeName
        self.keys = ResultKeys(globalPrefix: options.keyPrefix)
        self.seconds = Int(options.expires.wholeNanoseconds / 1_000_000_000)
    }

    private func store(_ document: ResultDocument) -> Settlement.Effect {
        .store(
            key: self.keys.task(document.taskID), seconds: self.seconds, document: document.serialized(),
            keepsSuccess: document.state != .success)
    }

    /// The document of a finished task.
    mutating func document(
        _ message: HeldMessage, _ outcome: TaskOutcome, limits: TaskLimits, at seconds: Double
    ) -> Settlement.Effect {
        let (state, result) = self.stateAndResult(outcome, limits)
        var document: [UInt8] = []
        document.reserveCapacity(result.count + 512)
        let children = outcome.aftermath.flatMap { $0.children.isEmpty ? nil : $0.children }
        ResultDocument.write(
            state, result: result, traceback: Self.traceback(outcome).map { Array($0.utf8)[...] }, children: children,
            dateDone: self.formatter.text(seconds: seconds), groupID: message.head.groupID,
            parentID: message.head.parentID, extended: Self.members(outcome),
            taskID: message.head.id, into: &document)
        return .store(
            key: self.keys.task(String(decoding: message.head.id, as: UTF8.self)), seconds: self.seconds,
            document: document, keepsSuccess: state != .success)
    }

    func stateAndResult(_ outcome: TaskOutcome, _ limits: TaskLimits) -> (ResultState, ArraySlice<UInt8>) {
        switch outcome.state {
        case .success: (.success, (try? outcome.result.bytes()) ?? [])
        case .failure, .rejected: (.failure, Self.json(Self.error(outcome, limits)))
        case .revoked: (.revoked, Self.json(.revoked(Self.revocation(outcome))))
        }
    }

    private static func revocation(_ outcome: TaskOutcome) -> TaskFailure.Revocation {
        TaskFailure.Revocation(rawValue: outcome.failure?.message ?? "") ?? .revoked
    }

    private static func json(_ failure: TaskFailure) -> ArraySlice<UInt8> {
        do throws(BodyError) { return try failure.value.json()[...] } catch {
            preconditionFailure("An error made of texts and numbers has a JSON form: \(error)")
        }
    }

    private static func addRelations(of message: HeldMessage, to document: inout ResultDocument) {
        document.groupID = message.head.groupID.map { String(decoding: $0, as: UTF8.self) }
        document.parentID = message.head.parentID.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A message that could not be run.
    func failure(id: String, _ failure: TaskFailure, at seconds: Double) -> Settlement.Effect {
        self.store(Self.failure(id, failure, traceback: nil, at: Self.time(seconds)))
    }

    /// A later step of a chain whose earlier step failed or was called off: the same error.
    func failed(_ step: Aftermath.FailedStep, with outcome: TaskOutcome, at seconds: Double) -> Settlement.Effect {
        let id = String(decoding: step.id, as: UTF8.self)
        let time = Self.time(seconds)
        var document =
            outcome.state == .revoked
            ? .revoked(id, Self.revocation(outcome), at: time)
            : Self.failure(id, Self.error(outcome, TaskLimits()), traceback: Self.traceback(outcome), at: time)
        document.groupID = step.groupID.isEmpty ? nil : String(decoding: step.groupID, as: UTF8.self)
        document.parentID = step.parentID.isEmpty ? nil : String(decoding: step.parentID, as: UTF8.self)
        return self.store(document)
    }

    /// A task that runs again.
    func retry(_ message: HeldMessage, because failure: TaskOutcome.Failure?) -> Settlement.Effect {
        let id = String(decoding: message.head.id, as: UTF8.self)
        let cause = failure.map { TaskFailure(type: $0.type, arguments: [.string($0.message)], module: Self.module) }
        var document = Self.made { () throws(BodyError) in try ResultDocument.retry(id, cause) }
        Self.addRelations(of: message, to: &document)
        return self.store(document)
    }

    /// A task that was called off before anybody had it.
    func revoked(id: String, at seconds: Double) -> Settlement.Effect {
        var document = ResultDocument.revoked(id, .revoked, at: Self.time(seconds))
        document.children = nil
        return .storeIfPending(
            key: self.keys.task(id), seconds: self.seconds, document: document.serialized())
    }

    /// The error as Python's `repr` shows it: `ValueError('boom')`.
    static func exception(_ outcome: TaskOutcome, _ limits: TaskLimits) -> String {
        let failure = self.error(outcome, limits)
        return "\(failure.type)(\(failure.arguments.map { PythonRepr.text(of: $0) }.joined(separator: ", ")))"
    }

    /// A task that a child has begun.
    func started(_ message: HeldMessage, pid: Int32?) -> Settlement.Effect {
        let id = String(decoding: message.head.id, as: UTF8.self)
        return self.store(.started(id, pid: Int(pid ?? 0), node: self.nodeName))
    }

    // MARK: Errors

    /// The error as Python's clients know it, where Celery has one for it.
    private static func error(_ outcome: TaskOutcome, _ limits: TaskLimits) -> TaskFailure {
        guard let failure = outcome.failure else { return .workerLost("no reason is known") }
        switch failure.type {
        case "TimeLimitExceeded":
            let seconds = Double(limits.hardTime?.wholeNanoseconds ?? 0) / 1e9
            let number = Int(exactly: seconds).map { JSONNumber($0) } ?? JSONNumber(seconds)
            return number.map { .timeLimitExceeded($0) } ?? .workerLost(failure.message)
        case "SoftTimeLimitExceeded": return .softTimeLimitExceeded
        case "WorkerLostError": return .workerLost(failure.message)
        case "MaxRetriesExceededError": return .maxRetriesExceeded(failure.message)
        case "NotRegistered": return .notRegistered(failure.message)
        case "DecodeError": return .undecodable(failure.message)
        case "EncodeError": return .unencodable(failure.message)
        case "ChordError": return .chord(failure.message)
        case "Reject": return .rejected(failure.message)
        default: return TaskFailure(type: failure.type, arguments: [.string(failure.message)], module: self.module)
        }
    }

    /// Members beside Celery's: those of an extended result, and what is known of an abnormal end.
    private static func members(_ outcome: TaskOutcome) -> ArraySlice<UInt8> {
        var members = outcome.aftermath?.documentMembers ?? []
        guard outcome.postMortem != nil else { return members }
        if !members.isEmpty { members += Array(", ".utf8) }
        members += Array(#""post_mortem": "#.utf8)
        members += JSONValue.object(outcome.record).serialized()
        return members
    }

    /// What went wrong as text: where there is one the backtrace of the crash, innermost frame last, what is known of an
    /// abnormal end, and the error.
    static func traceback(_ outcome: TaskOutcome) -> String? {
        guard let failure = outcome.failure else { return nil }
        let certificate = outcome.certificateLines
        if failure.backtrace.isEmpty && failure.cause != nil && certificate.isEmpty { return nil }
        var lines = ["Traceback (most recent call last):"]
        lines += (failure.backtrace.reversed() + certificate).map { "  \($0)" }
        lines.append("\(failure.type): \(failure.message)")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func failure(
        _ id: String, _ failure: TaskFailure, traceback: String?, at date: WallTime
    ) -> ResultDocument {
        self.made { () throws(BodyError) in try ResultDocument.failure(id, failure, traceback: traceback, at: date) }
    }

    private static func made(_ make: () throws(BodyError) -> ResultDocument) -> ResultDocument {
        do throws(BodyError) { return try make() } catch {
            preconditionFailure("An error made of texts and numbers has a JSON form: \(error)")
        }
    }

    private static func time(_ seconds: Double) -> WallTime {
        guard let time = WallTime(seconds: seconds) else { preconditionFailure("The wall clock is in this era.") }
        return time
    }

}
