import Foundation
import NIOCore
import WorkerStatus

/// A worker as its pages see it. Who asks for the same while an answer is under way, or fresh, gets that one: however
/// many look, the worker is asked twice a second at most for each kind of question.
public actor Worker {
    private static let freshness: Duration = .milliseconds(500)

    private struct Answer {
        let asked: ContinuousClock.Instant
        let task: Task<WorkerSnapshot, any Error>
    }

    private let link: WorkerLink
    private var answers: [String: Answer] = [:]

    /// A worker behind a link.
    public init(_ link: WorkerLink) { self.link = link }

    /// Returns when the worker answers. Throws ``WorkerLink/Silence``.
    public func ping() async throws { _ = try await self.link.ask(#"{"method": "ping"}"#) }

    /// The worker now; with all parts, or those that are named. Throws ``WorkerLink/Silence``.
    public func snapshot(_ parts: [String]) async throws -> WorkerSnapshot {
        let key = parts.joined(separator: ",")
        if let answer = self.answers[key], answer.asked.duration(to: .now) < Self.freshness {
            return try await answer.task.value
        }
        let link = self.link
        let task = Task { try await Self.ask(link, parts) }
        self.answers[key] = Answer(asked: .now, task: task)
        return try await task.value
    }

    private static func ask(_ link: WorkerLink, _ parts: [String]) async throws -> WorkerSnapshot {
        let names = parts.map { "\"\($0)\"" }.joined(separator: ", ")
        let bytes = try await link.ask(#"{"method": "snapshot", "arguments": {"parts": [\#(names)]}}"#)
        do {
            let answers = try JSONDecoder().decode([String: WorkerSnapshot].self, from: Data(bytes.readableBytesView))
            if let snapshot = answers.values.first { return snapshot }
        } catch {
            throw WorkerLink.Silence(description: "the worker's answer cannot be read: \(error)")
        }
        throw WorkerLink.Silence(description: "the worker's answer is empty")
    }
}
