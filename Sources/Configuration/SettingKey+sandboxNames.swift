import SandboxPolicy
import Supervision

/// What the arrays of a `[sandbox]` section may hold.
extension SettingKey {
    /// Why an array of names cannot be used; `nil` when it can.
    func objection(toNames names: [String]) -> String? {
        if Set(names).count < names.count { return "names one twice" }
        return names.lazy.compactMap(self.objection(toName:)).first
    }

    private func objection(toName name: String) -> String? {
        switch self.kind {
        case .capabilities where CapabilityNames.bit(name) == nil:
            "has no capability \(quoted(name))"
                + suggestion(for: "cap_" + name, among: CapabilityNames.all, quote: "\"")
        case .variables where name.isEmpty || name.contains("="): "cannot have the variable \(quoted(name))"
        case .paths where !name.hasPrefix("/"): "must be absolute paths, not \(quoted(name))"
        case .network where PortRule(name) == nil:
            "must be ports, such as \"connect 443\" or \"bind 8080\", not \(quoted(name))"
        case .calls: self.objection(toCall: name)
        case .steps where SandboxStep(rawValue: name) == nil:
            "has no step \(quoted(name))"
                + suggestion(for: name, among: SandboxStep.allCases.map(\.rawValue), quote: "\"")
        default: nil
        }
    }

    private func objection(toCall name: String) -> String? {
        if SystemCallNames.all.contains(name) || SystemCallSet(title: name) != nil { return nil }
        let known = name.hasPrefix("@") ? SystemCallSet.allCases.map(\.title) : Array(SystemCallNames.all)
        let what = name.hasPrefix("@") ? "set" : "system call"
        return "has no \(what) \(quoted(name))" + suggestion(for: name, among: known.sorted(), quote: "\"")
    }
}

/// A port and what may be done there: `connect 443`.
struct PortRule {
    let isForBinding: Bool
    let port: UInt16

    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, ["connect", "bind"].contains(parts[0]), let port = UInt16(parts[1]), port > 0 else {
            return nil
        }
        self.isForBinding = parts[0] == "bind"
        self.port = port
    }
}
