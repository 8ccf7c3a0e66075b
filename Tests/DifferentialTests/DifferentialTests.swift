import EngineSupport
import Foundation
import Testing

extension ProgramTests {
    /// Our parsers beside Python's own: of each document both make the same, or both refuse it, or the difference is one
    /// of ``KnownDifference``.
    @Suite(.enabled(if: Oracle.isInstalled, "needs real Celery: scripts/python-peers"))
    struct DifferentialTests {
        /// For how long each subject is compared: by default for 1,500 documents, the same ones each time.
        private static let seconds =
            ProcessInfo.processInfo.environment["CELERIAC_DIFFERENTIAL_SECONDS"].flatMap(Double.init)
        private static let seed = ProcessInfo.processInfo.environment["CELERIAC_SEED"].flatMap(UInt64.init) ?? 1

        @Test(arguments: Subject.allCases) func bothMakeTheSameOfADocument(subject: Subject) throws {
            let oracle = try Oracle()
            var mutator = Mutator(subject, seed: Self.seed)
            var comparison = Comparison(subject)
            let end = Date(timeIntervalSinceNow: Self.seconds ?? 0)
            comparison.compare(subject.seeds, try oracle.answers(subject, subject.seeds))
            repeat {
                let documents = (0..<1_500).map { _ in mutator.next() }
                comparison.compare(documents, try oracle.answers(subject, documents))
            } while Date() < end && comparison.unknown.count < 20
            #expect(try oracle.finish() == 0)
            for difference in comparison.unknown { Issue.record(Comment(rawValue: difference)) }
            #expect(comparison.accepted > 0, "a comparison of refusals says little")
            if Self.seconds != nil { print(comparison.report) }
        }
    }
}

/// What two parsers made of documents.
struct Comparison {
    private let subject: Subject
    private(set) var documents = 0
    /// Those that both took, with the same value.
    private(set) var accepted = 0
    private var known: [String: Int] = [:]
    private(set) var unknown: [String] = []

    init(_ subject: Subject) { self.subject = subject }

    mutating func compare(_ documents: [[UInt8]], _ theirs: [String]) {
        for (document, theirs) in zip(documents, theirs) { self.compare(document, theirs) }
    }

    private mutating func compare(_ document: [UInt8], _ theirs: String) {
        self.documents += 1
        let ours = self.subject.answer(document)
        if ours.hasPrefix("!") && theirs.hasPrefix("!") { return }
        if ours == theirs { return self.accepted += 1 }
        let case1 = KnownDifference.Case(document: document, ours: ours, theirs: theirs)
        if let difference = KnownDifference.all.first(where: { $0.explains(self.subject, case1) }) {
            self.known[difference.name, default: 0] += 1
        } else {
            self.unknown.append("\(self.subject) \(case1)")
        }
    }

    var report: String {
        let known = self.known.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "\(self.subject): \(self.documents) documents, \(self.accepted) taken alike; known differences: \(known)"
    }
}
