import Broker
import Celery
import Supervision
import Syscalls
import Wire
import WorkerStatus

/// Tasks that are over without a child that could tell what follows: those that killed theirs, and those that are not to
/// be run at all.
///
/// Only children open messages. So the next one is given the message with the order not to run it, and tells what
/// follows: errbacks, later steps that fail with it, parts of chords. A message that carries nothing for the time after
/// its task needs no child.
extension RedisBroker {
    /// How often children are asked. One that is killed meanwhile cannot answer.
    private static let mostAsks = 5

    func needsAftermath(_ outcome: TaskOutcome, _ message: HeldMessage) -> Bool {
        guard outcome.aftermath == nil, outcome.state != .success, outcome.state != .rejected || message.isFollowed
        else {
            return false
        }
        // No child can open it, the next as little as this one.
        if outcome.failure?.type == "DecodeError", outcome.failure?.cause == nil { return false }
        if message.isFollowed { return true }
        return outcome.state == .failure && outcome.failure?.cause != nil && !self.isStopping
    }

    /// Asks the next child what follows from an outcome, without running the task. A worker that stops has no children
    /// left to ask: others run the message once more.
    func askWhatFollows(_ number: UInt64, _ outcome: TaskOutcome, now: Instant) {
        guard let message = self.held[number] else { return }
        self.held[number]!.failure = outcome
        self.held[number]!.asks += 1
        self.held[number]!.place = .waiting(since: now)
        if self.isStopping { return self.leaveToOthers(number) }
        self.waiting[self.profiles.profile(message.task).pool].prepend(number)
    }

    /// A child was asked, and has answered or died.
    func settleFailed(_ number: UInt64, _ message: HeldMessage, _ outcome: TaskOutcome) {
        if outcome.aftermath == nil, message.isFollowed, message.asks < Self.mostAsks {
            let now = self.loop.now
            return self.askWhatFollows(number, outcome, now: now)
        }
        self.settle(number, message, outcome, dead: message.deathReason ?? self.deathReason(outcome))
    }

    /// Ends a message that is not to be run: it has expired, was called off, or is refused.
    func endUnrun(_ number: UInt64, _ outcome: TaskOutcome, dead reason: DeadLetter.Reason? = nil) {
        guard let message = self.held[number] else { return }
        // A dead letter of a task that is not ours is counted as one.
        if reason != .notRegistered { self.meters[message.task].ended(unrun: outcome) }
        guard message.isFollowed else { return self.settle(number, message, outcome, dead: reason) }
        self.held[number]!.deathReason = reason
        self.askWhatFollows(number, outcome, now: self.loop.now)
    }
}

extension TaskMeter {
    /// Counts a message that was not run.
    fileprivate func ended(unrun outcome: TaskOutcome) {
        switch outcome.state {
        case .revoked: self.ended(.revoked, cause: outcome.failure?.message)
        case .success, .failure, .rejected: self.ended(.failure, cause: outcome.failure?.cause)
        }
    }
}
