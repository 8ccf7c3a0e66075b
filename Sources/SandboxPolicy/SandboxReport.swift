/// What a child found about itself once it was in its sandbox (`/proc/self/status`), and reports when it is ready.
public struct SandboxReport: Equatable, Sendable {
    /// The profile that it entered.
    public var profile = ""
    /// `NoNewPrivs`.
    public var hasNoNewPrivileges = false
    /// `Seccomp` is 2.
    public var isFiltered = false
    /// The first, that is the real, of the four users that are all the same; -1 when they differ.
    public var user: Int64 = -1
    /// The user of the process that it was forked from.
    public var startedAs: Int64 = -1
    /// `Groups`: how many.
    public var groups = 0
    /// `CapInh`, `CapPrm`, `CapEff`, `CapBnd`, `CapAmb`: bits.
    public var capabilities = Capabilities()
    /// Whether its memory is hidden.
    public var hidesMemory = false
    /// Whether rules for files and ports are in force.
    public var hasFileRules = false
    /// Whether signals and abstract sockets are its own.
    public var isScoped = false
    /// Steps that this host could not take, with the reason of each.
    public var downgrades: [Downgrade] = []

    /// Sets of capabilities, a bit for each.
    public struct Capabilities: Equatable, Sendable {
        public var inheritable: UInt64 = 0
        public var permitted: UInt64 = 0
        public var effective: UInt64 = 0
        public var bounding: UInt64 = 0
        public var ambient: UInt64 = 0

        /// No capability.
        public init() {}
    }

    /// A step that was not taken.
    public struct Downgrade: Hashable, Sendable {
        /// The step.
        public let step: SandboxStep
        /// Why not.
        public let reason: String

        /// A step that could not be taken.
        public init(_ step: SandboxStep, reason: String) {
            self.step = step
            self.reason = reason
        }
    }

    /// A report of nothing.
    public init() {}
}

// MARK: - Text

extension SandboxReport {
    /// As lines of a name, a space and a value.
    public var text: String {
        let lines =
            [
                "profile \(self.profile)", "no_new_privileges \(self.hasNoNewPrivileges ? 1 : 0)",
                "filtered \(self.isFiltered ? 1 : 0)", "user \(self.user)", "started_as \(self.startedAs)",
                "groups \(self.groups)", "inheritable \(self.capabilities.inheritable)",
                "permitted \(self.capabilities.permitted)", "effective \(self.capabilities.effective)",
                "bounding \(self.capabilities.bounding)", "ambient \(self.capabilities.ambient)",
                "hides_memory \(self.hidesMemory ? 1 : 0)", "file_rules \(self.hasFileRules ? 1 : 0)",
                "scoped \(self.isScoped ? 1 : 0)",
            ] + self.downgrades.map { "without \($0.step.rawValue) \($0.reason)" }
        return lines.joined(separator: "\n")
    }

    /// Reads ``text``. A line that is missing says that there is nothing of it; `nil` for a line that cannot be read.
    public init?(text: String) {
        self.init()
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2, self.read(parts[0], parts[1]) else { return nil }
        }
    }

    private mutating func read(_ name: String, _ value: String) -> Bool {
        switch name {
        case "profile": self.profile = value
        case "no_new_privileges": self.hasNoNewPrivileges = value == "1"
        case "filtered": self.isFiltered = value == "1"
        case "hides_memory": self.hidesMemory = value == "1"
        case "file_rules": self.hasFileRules = value == "1"
        case "scoped": self.isScoped = value == "1"
        case "user": return Self.store(Int64(value), in: &self.user)
        case "started_as": return Self.store(Int64(value), in: &self.startedAs)
        case "groups": return Self.store(Int(value), in: &self.groups)
        case "inheritable": return Self.store(UInt64(value), in: &self.capabilities.inheritable)
        case "permitted": return Self.store(UInt64(value), in: &self.capabilities.permitted)
        case "effective": return Self.store(UInt64(value), in: &self.capabilities.effective)
        case "bounding": return Self.store(UInt64(value), in: &self.capabilities.bounding)
        case "ambient": return Self.store(UInt64(value), in: &self.capabilities.ambient)
        case "without": return self.readDowngrade(value)
        default: return false
        }
        return true
    }

    private mutating func readDowngrade(_ value: String) -> Bool {
        let parts = value.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2, let step = SandboxStep(rawValue: parts[0]) else { return false }
        self.downgrades.append(Downgrade(step, reason: parts[1]))
        return true
    }

    private static func store<Value>(_ value: Value?, in place: inout Value) -> Bool {
        if let value { place = value }
        return value != nil
    }
}

// MARK: - Verification

extension SandboxProfile {
    /// Where a child that sent this report is weaker than the profile demands; empty when it may have tasks.
    public func weaknesses(of report: SandboxReport) -> [String] {
        let steps = self.steps
        if steps.isEmpty { return [] }
        var found: [String] = []
        func demand(_ step: SandboxStep, _ holds: Bool, _ weakness: String) {
            guard !holds, steps.contains(step) else { return }
            let isDowngraded = report.downgrades.contains { $0.step == step } && self.optional.contains(step)
            if !isDowngraded { found.append("\(step.rawValue): \(weakness)") }
        }
        if report.profile != self.name { found.append("it entered \(report.profile)") }
        for downgrade in report.downgrades where !self.optional.contains(downgrade.step) {
            found.append("\(downgrade.step.rawValue): \(downgrade.reason)")
        }
        demand(.privileges, report.hasNoNewPrivileges, "executed programs can gain rights")
        demand(.privileges, report.hidesMemory, "its memory is not hidden")
        demand(.seccomp, report.isFiltered, "no filter is in force")
        demand(.landlock, report.hasFileRules, "no rules are in force")
        demand(.scope, report.isScoped, "no rules are in force")
        demand(.credentials, self.hasRightUser(report), "it runs as user \(report.user)")
        demand(.capabilities, self.hasRightCapabilities(report), "it has capabilities")
        return found
    }

    private func hasRightUser(_ report: SandboxReport) -> Bool {
        switch self.user {
        case .same: report.user >= 0
        case .named("root"), .named("0"): report.user == 0
        case .unprivileged, .perChild, .named: report.user > 0
        }
    }

    /// The bounding set matters only to a process that could still gain by executing a program.
    private func hasRightCapabilities(_ report: SandboxReport) -> Bool {
        let sets = report.capabilities
        let held = sets.permitted | sets.effective | sets.inheritable | sets.ambient
        let couldGain = report.startedAs == 0 ? sets.bounding : 0
        return (held | couldGain) & ~self.keptCapabilities == 0
    }
}
