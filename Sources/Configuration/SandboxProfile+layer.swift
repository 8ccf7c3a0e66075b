import SandboxPolicy
import Supervision

extension SandboxProfile {
    /// This profile under another name, with what a `[sandbox]` section changes.
    func changed(by layer: Layer, name: String) -> SandboxProfile {
        var profile = self
        profile.name = name
        profile.changeRights(layer)
        profile.changeFiles(layer)
        profile.changeNetwork(layer)
        profile.changeCalls(layer)
        if let steps = layer.names(.optionalSteps) { profile.optional = Set(steps.compactMap(SandboxStep.init)) }
        return profile
    }

    private mutating func changeRights(_ layer: Layer) {
        if let user = layer.text(.user) { self.user = User(text: user) }
        if let group = layer.text(.group) { self.group = group }
        if let names = layer.names(.capabilities) { self.capabilities = .only(names) }
        if let names = layer.names(.keepEnvironment) {
            self.environment = names.contains("*") ? .all : .only(names)
        }
        if let signals = layer.text(.signals) { self.signalsOnlyOwn = signals == "own" }
    }

    private mutating func changeFiles(_ layer: Layer) {
        if case .size(let size) = layer[.privateTmp]?.value { self.privateTmp = size }
        if layer[.privateTmp]?.value == .unlimited { self.privateTmp = nil }
        // Where everything may be read, a list would take away: that is not what it says.
        guard case .only(var rules) = self.files else { return }
        rules += (layer.names(.read) ?? []).map { PathRule($0, isOptional: false) }
        rules += (layer.names(.write) ?? []).map { PathRule($0, isWritable: true, isOptional: false) }
        if self.privateTmp != nil, !rules.contains(where: { $0.path == "/tmp" && $0.isWritable }) {
            rules.append(PathRule("/tmp", isWritable: true))
        }
        self.files = .only(rules)
        // Whoever may write somewhere may make the calls for it.
        if rules.contains(where: { $0.isWritable && !$0.path.hasPrefix("/dev/") }) { self.addSet(.fileWrite) }
        if layer.names(.read) != nil || layer.names(.write) != nil { self.addSet(.fileRead) }
    }

    private mutating func changeNetwork(_ layer: Layer) {
        switch layer[.network]?.value {
        case .text("on"): self.network = .on
        case .text: self.network = .off
        case .names(let names):
            let ports = names.compactMap(PortRule.init)
            self.network = .ports(
                connect: ports.filter { !$0.isForBinding }.map(\.port), bind: ports.filter(\.isForBinding).map(\.port))
        default: return
        }
        self.hasOwnNetwork = self.network == .off && self.hasOwnIPC
        if self.network == .off {
            self.removeSets([.networkClient, .networkServer])
        } else {
            self.addSet(.networkClient)
            self.addSet(.networkServer)
        }
    }

    private mutating func changeCalls(_ layer: Layer) {
        switch layer.text(.onDenied) {
        case "end": self.calls.onDenied = .end
        case "error": self.calls.onDenied = .fail(1)
        case "log": self.calls.onDenied = .log
        default: break
        }
        for name in layer.names(.allow) ?? [] {
            if let set = SystemCallSet(title: name) { self.addSet(set) } else { self.calls.allowed.append(name) }
        }
        for name in layer.names(.deny) ?? [] {
            if let set = SystemCallSet(title: name) { self.deny(set) } else { self.calls.denied.append(name) }
        }
        self.calls.allowed.removeAll { self.calls.denied.contains($0) && !(layer.names(.allow) ?? []).contains($0) }
    }

    private mutating func addSet(_ set: SystemCallSet) {
        guard case .only(let sets) = self.calls.basis, !sets.contains(set) else { return }
        self.calls.basis = .only(sets + [set])
    }

    private mutating func removeSets(_ removed: [SystemCallSet]) {
        guard case .only(let sets) = self.calls.basis else { return }
        self.calls.basis = .only(sets.filter { !removed.contains($0) })
    }

    private mutating func deny(_ set: SystemCallSet) {
        if case .only = self.calls.basis { return self.removeSets([set]) }
        self.calls.denied += set.calls
    }
}

extension SandboxProfile.User {
    fileprivate init(text: String) {
        switch text {
        case "same": self = .same
        case "unprivileged": self = .unprivileged
        case "per-child": self = .perChild
        default: self = .named(text)
        }
    }
}
