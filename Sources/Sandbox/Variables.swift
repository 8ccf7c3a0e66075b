import SandboxPolicy
import Syscalls

/// The environment is a list: what is not on it is overwritten, then taken out.
extension Sandbox {
    func keepListedVariables() {
        guard case .only(let names) = self.profile.environment else { return }
        let exact = Set(names)
        let beginnings = names.filter { $0.hasSuffix("*") }.map { $0.dropLast() }
        Environment.forget { name in
            !exact.contains(name) && !beginnings.contains { name.hasPrefix($0) }
        }
    }
}
