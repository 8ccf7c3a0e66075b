import Redis
import Supervision

/// Which server a command goes to.
enum Place {
    case broker, results
}

/// Commands that are asked together, and who waits for their answers.
///
/// Handed to the loop's thread when it is made, and touched by no other from then on.
final class Question: @unchecked Sendable {
    /// The answer to one command.
    typealias Answer = Result<Reply, ClientError>

    private enum Status {
        case unsent, sent
        case answered(Answer)
    }

    let place: Place
    let commands: [Command]
    /// Whether a command whose answer was lost is sent again: it reads, or a second time does no harm.
    let isRepeatable: Bool
    /// When its time is over.
    let deadline: Instant
    private var statuses: [Status]
    private var open: Int
    private let completion: @Sendable ([Answer]) -> Void
    /// Hears, on the loop's thread, that everything is answered.
    var whenOver: () -> Void = {}

    init(
        _ commands: [Command], at place: Place, isRepeatable: Bool, deadline: Instant,
        completion: @escaping @Sendable ([Answer]) -> Void
    ) {
        precondition(!commands.isEmpty, "A question has a command.")
        self.commands = commands
        self.place = place
        self.isRepeatable = isRepeatable
        self.deadline = deadline
        self.statuses = Array(repeating: .unsent, count: commands.count)
        self.open = commands.count
        self.completion = completion
    }

    /// Whether everything is answered.
    var isOver: Bool { self.open == 0 }

    /// Whether a command still needs its answer.
    func isOpen(_ index: Int) -> Bool { if case .answered = self.statuses[index] { false } else { true } }

    /// A command goes out.
    func sent(_ index: Int) { if self.isOpen(index) { self.statuses[index] = .sent } }

    /// A command is to be sent anew.
    func unsent(_ index: Int) { if self.isOpen(index) { self.statuses[index] = .unsent } }

    /// A command has its answer; the first one counts.
    func answer(_ index: Int, _ answer: Answer) {
        guard self.isOpen(index) else { return }
        self.statuses[index] = .answered(answer)
        self.open -= 1
        if self.isOver { self.complete() }
    }

    /// Ends what is open: with `error` where nothing was sent or a repetition does no harm, else as uncertain.
    func end(_ error: ClientError) {
        for index in self.commands.indices {
            if case .sent = self.statuses[index], !self.isRepeatable, error.code != .cancelled {
                let text = "\(error.message); it was sent and may have arrived"
                self.answer(index, .failure(ClientError(.uncertain, text)))
            } else {
                self.answer(index, .failure(error))
            }
        }
    }

    private func complete() {
        self.whenOver()
        self.completion(
            self.statuses.map { status in
                guard case .answered(let answer) = status else { preconditionFailure("All is answered.") }
                return answer
            })
    }
}
