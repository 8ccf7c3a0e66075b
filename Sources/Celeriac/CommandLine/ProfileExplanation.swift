import JSON
import SandboxPolicy
import Syscalls

/// A profile in words.
struct ProfileExplanation {
    let profile: SandboxProfile

    init(_ profile: SandboxProfile) { self.profile = profile }

    var text: String {
        var lines = ["profile \(self.profile.name)"]
        if self.profile.steps.isEmpty { lines.append("  nothing is denied") }
        for step in self.profile.steps {
            let optional = self.profile.optional.contains(step) ? " (optional)" : ""
            lines.append("\(step.rawValue)\(optional): \(self.words(step).joined(separator: "\n    "))")
        }
        lines += self.callLines
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        let steps = self.profile.steps.map { step -> JSONValue in
            [
                "step": .string(step.rawValue), "meaning": .string(step.meaning),
                "optional": .bool(self.profile.optional.contains(step)),
                "details": .array(self.words(step).map { .string($0) }),
            ]
        }
        return [
            "profile": .string(self.profile.name), "steps": .array(steps),
            "calls": [
                "otherwise": .string(self.profile.callRules.map { Self.word($0.otherwise) } ?? "allowed"),
                "rules": .array(self.rules.map { .string($0) }),
            ],
        ]
    }

    // MARK: Steps

    private func words(_ step: SandboxStep) -> [String] {
        switch step {
        case .namespaces: self.namespaceWords
        case .privateTmp: ["/tmp is its own, of \(self.profile.privateTmp.map { "\($0)" } ?? "no bytes")"]
        case .limits:
            [self.profile.forbidsKernelMemory ? "no core dumps, locked memory, message queues" : "no core dumps"]
        case .boundingSet, .capabilities: [self.capabilityWords]
        case .credentials: [self.userWords]
        case .privileges: [step.meaning]
        case .environment: [self.environmentWords]
        case .scope: self.scopeWords
        case .landlock: self.fileWords + self.portWords
        case .seccomp: [self.filterWords]
        }
    }

    private var namespaceWords: [String] {
        let network = self.profile.hasOwnNetwork ? ["an empty network"] : []
        return network + (self.profile.hasOwnIPC ? ["System V objects and host name of its own"] : [])
    }

    private var capabilityWords: String {
        guard case .only(let names) = self.profile.capabilities else { return "those of the worker" }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }

    private var userWords: String {
        let user =
            switch self.profile.user {
            case .same: "the worker's user"
            case .unprivileged: "nobody, when the worker is root"
            case .perChild: "a user of its own"
            case .named(let name): "user \(name)"
            }
        return self.profile.group.map { "\(user), group \($0)" } ?? user
    }

    private var environmentWords: String {
        guard case .only(let names) = self.profile.environment else { return "all" }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }

    private var scopeWords: [String] {
        let signals = self.profile.signalsOnlyOwn ? ["signals reach only what it started"] : []
        return signals + (self.profile.seesNoAbstractSockets ? ["abstract sockets of others are out of reach"] : [])
    }

    private var fileWords: [String] {
        guard case .only(let rules) = self.profile.files else { return [] }
        let read = rules.filter { !$0.isWritable }.map(\.path)
        let write = rules.filter(\.isWritable).map(\.path)
        return ["reads \(read.joined(separator: ", "))"]
            + (write.isEmpty ? [] : ["reads and changes \(write.joined(separator: ", "))"])
    }

    private var portWords: [String] {
        guard case .ports(let connect, let bind) = self.profile.network else { return [] }
        return ["connects to TCP \(connect), binds to TCP \(bind)"]
    }

    private var filterWords: String {
        switch self.profile.calls.basis {
        case .everything: "all calls but those below"
        case .harmless: "all calls but those below"
        case .only(let sets):
            "only \(sets.map(\.title).joined(separator: " ")); any other: \(Self.word(self.profile.calls.onDenied))"
        }
    }

    // MARK: Calls

    private static func word(_ action: CallAction) -> String {
        switch action {
        case .allow: "allowed"
        case .fail(0): "answered, not made"
        case .fail(38): "fails as if the kernel had none"
        case .fail(let number): "fails with \(errorName(number))"
        case .end: "ends the attempt"
        case .log: "allowed and logged"
        }
    }

    /// Calls by what becomes of them; `clone ?` depends on the arguments.
    private var rules: [String] {
        guard let rules = self.profile.callRules else { return [] }
        let texts = rules.rules.map { rule in
            "\(Self.word(rule.action)): \(rule.call)\(rule.tests.isEmpty ? "" : " ?")"
        }
        return Set(texts).sorted()
    }

    private var callLines: [String] {
        guard let rules = self.profile.callRules else { return [] }
        var calls: [CallAction: Set<String>] = [:]
        for rule in rules.rules { calls[rule.action, default: []].insert(rule.call + (rule.tests.isEmpty ? "" : "?")) }
        let lines = calls.map { "  \(Self.word($0.key)): \($0.value.sorted().joined(separator: " "))" }.sorted()
        return lines + ["  (? depends on the arguments)"]
    }
}
