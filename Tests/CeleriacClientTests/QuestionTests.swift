import Redis
import Supervision
import Synchronization
import Testing

@testable import CeleriacClient

struct QuestionTests {
    /// The answers that a question has given to who asked.
    private final class Answers: Sendable {
        let given = Mutex<[[Question.Answer]]>([])
        var codes: [[ClientError.Code?]] {
            self.given.withLock { $0.map { $0.map { if case .failure(let error) = $0 { error.code } else { nil } } } }
        }
    }

    private func question(_ count: Int, isRepeatable: Bool, _ answers: Answers) -> Question {
        Question(
            Array(repeating: Command("PING"), count: count), at: .broker, isRepeatable: isRepeatable,
            deadline: .distantFuture
        ) { given in answers.given.withLock { $0.append(given) } }
    }

    @Test func askerHearsOnceWhenEverythingIsAnswered() {
        let answers = Answers()
        let question = self.question(2, isRepeatable: false, answers)
        question.sent(0)
        question.sent(1)
        question.answer(1, .success(.integer(2)))
        #expect(answers.given.withLock { $0.isEmpty })
        question.answer(0, .success(.integer(1)))
        question.answer(0, .success(.integer(3)))
        #expect(answers.given.withLock { $0 } == [[.success(.integer(1)), .success(.integer(2))]])
        #expect(question.isOver)
    }

    @Test(arguments: [
        (false, false, ClientError.Code.unreachable), (false, true, .uncertain), (true, true, .unreachable),
    ])
    func whatWasSentAndCannotBeRepeatedEndsAsUncertain(isRepeatable: Bool, isSent: Bool, code: ClientError.Code) {
        let answers = Answers()
        let question = self.question(1, isRepeatable: isRepeatable, answers)
        if isSent { question.sent(0) }
        question.end(ClientError(.unreachable, "no server"))
        #expect(answers.codes == [[code]])
    }

    @Test func cancelledQuestionEndsAsCancelled() {
        let answers = Answers()
        let question = self.question(1, isRepeatable: false, answers)
        question.sent(0)
        question.end(.cancelled)
        question.answer(0, .success(.null))
        #expect(answers.codes == [[.cancelled]])
    }

    @Test func commandThatIsToBeSentAnewIsNotUncertain() {
        let answers = Answers()
        let question = self.question(1, isRepeatable: false, answers)
        question.sent(0)
        question.unsent(0)
        question.end(.closed)
        #expect(answers.codes == [[.closed]])
    }
}

struct DeadlinesTests {
    @Test func dueCallsComeInTheOrderOfTheirTimes() {
        var deadlines = Deadlines()
        deadlines.add(Instant(nanoseconds: 30), for: 3)
        deadlines.add(Instant(nanoseconds: 10), for: 1)
        deadlines.add(.distantFuture, for: 9)
        deadlines.add(Instant(nanoseconds: 20), for: 2)
        #expect(deadlines.next == Instant(nanoseconds: 10))
        let now = Instant(nanoseconds: 20)
        #expect(deadlines.popDue(now: now) == 1)
        #expect(deadlines.popDue(now: now) == 2)
        #expect(deadlines.popDue(now: now) == nil)
        #expect(deadlines.popDue(now: Instant(nanoseconds: 30)) == 3)
        #expect(deadlines.next == .distantFuture)
    }

    @Test func callsThatAreOverAreForgottenOnceTheyAreTheMost() {
        var deadlines = Deadlines()
        for id in 1...2_000 { deadlines.add(Instant(nanoseconds: UInt64(id)), for: UInt64(id)) }
        deadlines.compact(alive: 1) { $0 == 1_500 }
        #expect(deadlines.next == Instant(nanoseconds: 1_500))
    }
}

struct KnownQueuesTests {
    @Test func queueIsNewOnceForEachConnection() {
        let queues = KnownQueues()
        #expect(queues.insert("a"))
        #expect(!queues.insert("a"))
        queues.forgetAll()
        #expect(queues.insert("a"))
    }
}
