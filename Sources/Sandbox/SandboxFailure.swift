import SandboxPolicy
import SystemPackage

/// A step that could not be taken.
public struct SandboxFailure: Error, CustomStringConvertible {
    /// The step.
    public let step: SandboxStep
    /// Why.
    public let reason: String

    init(_ step: SandboxStep, _ reason: String) {
        self.step = step
        self.reason = reason
    }

    /// As in `landlock: the kernel has none`.
    public var description: String { "\(self.step.rawValue): \(self.reason)" }
}

/// Turns a system call's error into the failure of a step, with the words that say what was tried.
func taking(_ step: SandboxStep, _ what: String, _ body: () throws(Errno) -> Void) throws(SandboxFailure) {
    do {
        try body()
    } catch {
        throw SandboxFailure(step, "\(what): \(error)")
    }
}
