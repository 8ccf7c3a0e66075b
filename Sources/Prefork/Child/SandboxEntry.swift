import Sandbox
import SandboxPolicy
import Syscalls
import SystemPackage

/// A child's way into its sandbox.
struct SandboxEntry {
    let sandbox: Sandbox
    /// The child's number.
    let child: UInt64

    /// Where the sandbox finds its descriptor once all others are closed.
    private static let descriptor = ChildProcess.Numbers.afterPipes

    /// The first number of the descriptors that are not the child's.
    var firstStrayDescriptor: CInt {
        self.sandbox.descriptor == nil ? ChildProcess.Numbers.afterPipes : ChildProcess.Numbers.afterPipes + 1
    }

    /// Brings the descriptor down to where it survives.
    func takeDescriptor() throws(Errno) {
        if let descriptor = self.sandbox.descriptor { try duplicate(descriptor, onto: Self.descriptor) }
    }

    /// Enters. A child that cannot says why and ends: no other of its pool could.
    func enter() -> SandboxReport {
        do {
            return try self.sandbox.enter(
                as: self.child, descriptor: self.sandbox.descriptor.map { _ in Self.descriptor })
        } catch {
            ChildProcess.refuse(
                reason: "cannot sandbox with the profile \(self.sandbox.profile.name): \(error)",
                code: ChildExitCode.cannotSandbox)
        }
    }
}
