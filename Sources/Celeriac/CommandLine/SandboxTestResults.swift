import Glibc
import JSON
import Sandbox
import SandboxPolicy
import Supervision
import Syscalls
import SystemPackage

/// What became of every forbidden act under a profile.
struct SandboxTestResults {
    private let profile: SandboxProfile
    private let report: SandboxReport
    private let entryTime: Duration
    private let outcomes: [(attempt: Attempt, outcome: SandboxTrial.Outcome)]

    init(_ profile: SandboxProfile) throws {
        var template = Array("/var/tmp/celeriac-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(directory) }
        let ground = try TrialGround(in: directory)
        let trial = try SandboxTrial(profile, ground.target)
        self.profile = profile
        self.report = try trial.report()
        self.entryTime = try trial.entryTime(of: 101)
        self.outcomes = try Attempt.all.map { ($0, try trial.outcome(of: $0)) }
    }

    /// Acts that the profile is there to forbid and that were not forbidden.
    var holes: [String] {
        self.outcomes.filter { $0.outcome == .allowed && $0.attempt.isForbidden(by: self.profile) }.map(\.attempt.name)
    }

    var text: String {
        var table = TextTable(["ACT", "OUTCOME", "WHAT IT WOULD MEAN", ""])
        for (attempt, outcome) in self.outcomes {
            let mark = self.holes.contains(attempt.name) ? "HOLE" : ""
            table.add([attempt.name, Self.word(outcome), attempt.meaning, mark])
        }
        var lines = [table.text]
        lines += self.report.downgrades.map { "without \($0.step.rawValue): \($0.reason)" }
        lines.append("\(self.outcomes.count { $0.outcome != .allowed }) of \(self.outcomes.count) acts were denied.")
        lines.append("Entering takes \(self.entryTime.unitDescription).")
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        let acts = self.outcomes.map { attempt, outcome -> JSONValue in
            [
                "act": .string(attempt.name), "meaning": .string(attempt.meaning),
                "outcome": .string(Self.word(outcome)), "forbidden": .bool(attempt.isForbidden(by: self.profile)),
            ]
        }
        let downgrades = self.report.downgrades.map { downgrade -> JSONValue in
            ["step": .string(downgrade.step.rawValue), "reason": .string(downgrade.reason)]
        }
        return [
            "profile": .string(self.profile.name), "acts": .array(acts), "downgrades": .array(downgrades),
            "entry_nanoseconds": .number(JSONNumber(Int(self.entryTime.components.attoseconds / 1_000_000_000))),
            "holes": .array(self.holes.map { .string($0) }),
        ]
    }

    private static func word(_ outcome: SandboxTrial.Outcome) -> String {
        switch outcome {
        case .allowed: "allowed"
        case .refused(let number): "\(errorName(number))"
        case .ended: "SIGSYS"
        }
    }
}
