/// Which system calls a profile allows.
public struct CallPolicy: Equatable, Sendable {
    /// What is allowed unless something else is said.
    public enum Basis: Equatable, Sendable {
        /// Every call; there is no filter.
        case everything
        /// Every call but the ``SystemCallSet/dangerous`` ones.
        case harmless
        /// The calls of these sets.
        case only([SystemCallSet])
    }

    /// What is allowed unless something else is said.
    public var basis: Basis
    /// Calls that are allowed beside, with any arguments.
    public var allowed: [String] = []
    /// Calls that are denied whatever the sets say.
    public var denied: [String] = []
    /// Sets of an allow-list whose calls fail with an error, so that libraries go on without.
    public var refused: [SystemCallSet] = []
    /// What happens to a denied call.
    public var onDenied: CallAction

    /// A policy without exceptions.
    public init(_ basis: Basis, onDenied: CallAction) {
        self.basis = basis
        self.onDenied = onDenied
    }

    /// The sets of an allow-list.
    public var sets: [SystemCallSet] { if case .only(let sets) = self.basis { sets } else { [] } }

    /// Whether the basis or an exception names the set.
    func has(_ set: SystemCallSet) -> Bool { self.sets.contains(set) }
}

/// A profile's system calls, as a filter needs them.
public struct CallRules: Equatable, Sendable {
    /// What happens to a call that no rule names.
    public let otherwise: CallAction
    /// At most one of a call's rules applies.
    public let rules: [CallRule]
}

extension SandboxProfile {
    /// The rules of this profile; `nil` when it allows every call and needs no filter.
    public var callRules: CallRules? {
        switch self.calls.basis {
        case .everything where self.calls.denied.isEmpty: nil
        case .everything: CallRules(otherwise: .allow, rules: self.denials(self.calls.denied))
        case .harmless: self.denyList
        case .only(let sets): self.allowList(sets)
        }
    }

    private func denials(_ calls: [String]) -> [CallRule] { calls.map { CallRule($0, self.calls.onDenied) } }

    private var denyList: CallRules {
        let denied = Set(SystemCallSet.dangerous + self.calls.denied).subtracting(self.calls.allowed)
        let refusals = CallGuards.refusals().filter { rule in
            // Namespaces are a way out whoever asks for them.
            !denied.contains(rule.call) && (!self.calls.allowed.contains(rule.call) || rule.call.hasPrefix("clone"))
        }
        return CallRules(otherwise: .allow, rules: self.denials(denied.sorted()) + refusals)
    }

    private func allowList(_ sets: [SystemCallSet]) -> CallRules {
        let guards = CallGuards(
            network: self.network, startsPrograms: sets.contains(.process), writesFiles: sets.contains(.fileWrite))
        var calls = Set(sets.flatMap(\.calls))
        if self.network == .off { calls.insert("socket") }
        calls.subtract(self.calls.denied)
        calls.formUnion(self.calls.allowed)
        let rules = calls.sorted().flatMap { call -> [CallRule] in
            let isPlain = self.calls.allowed.contains(call) && !call.hasPrefix("clone")
            return isPlain ? [CallRule(call, .allow)] : guards.rules(call) ?? [CallRule(call, .allow)]
        }
        let refused = Set(self.calls.refused.flatMap(\.calls)).subtracting(calls).subtracting(self.calls.denied)
        let refusals = refused.sorted().map { CallRule($0, .fail(CallGuards.accessDenied)) }
        return CallRules(otherwise: self.calls.onDenied, rules: rules + refusals)
    }
}
