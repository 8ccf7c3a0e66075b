import SandboxPolicy
import Syscalls
import SystemPackage

/// A profile, made ready in the template for all children that enter it: the filter is built, the user is found, the
/// network is there.
public struct Sandbox: Sendable {
    /// The profile.
    public let profile: SandboxProfile
    /// The program for the kernel; `nil` when every call is allowed.
    let filter: CallFilter?
    let account: Account?
    /// A network with nothing in it, shared by the children of this profile; `nil` when each makes its own.
    let emptyNetwork: CInt?
    private let startedAs = Confinement.user
    let held = HeldCapabilities()
    private let isLearning: Bool

    /// Makes a profile ready. The process must have one thread; it is left as it was.
    public init(preparing profile: SandboxProfile) throws(SandboxFailure) {
        self.profile = profile
        self.isLearning = false
        self.filter = try profile.callRules.map { (rules) throws(SandboxFailure) in try CallFilter(rules) }
        self.account = try Account.find(profile)
        self.emptyNetwork = profile.hasOwnNetwork ? Self.makeEmptyNetwork() : nil
    }

    /// Nothing is denied, and every call waits until whoever took the descriptor ``listener`` has seen it.
    public init(learning: Void) {
        self.profile = SandboxProfile(name: "learning")
        self.isLearning = true
        self.filter = nil
        self.account = nil
        self.emptyNetwork = nil
    }

    /// The descriptor that ``enter(as:)`` needs, if any: it must be open, whatever its number.
    public var descriptor: CInt? { self.emptyNetwork }

    /// Enters the sandbox, for good, and tells what is in force. The process must have one thread.
    ///
    /// - Parameters:
    ///   - child: the child's number, of which a user of its own is made.
    ///   - descriptor: where ``descriptor`` is now; it is closed.
    public func enter(as child: UInt64, descriptor: CInt?) throws(SandboxFailure) -> SandboxReport {
        if self.isLearning { try self.listen() }
        var downgrades: [SandboxReport.Downgrade] = []
        for step in self.profile.steps {
            do throws(SandboxFailure) {
                try self.take(step, child, descriptor)
            } catch {
                guard self.profile.optional.contains(step) else { throw error }
                downgrades.append(.init(step, reason: error.reason))
            }
        }
        if self.profile.steps.isEmpty { return SandboxReport(of: self.profile) }
        return try self.verified(downgrades, startedAs: self.startedAs)
    }

    private func take(_ step: SandboxStep, _ child: UInt64, _ descriptor: CInt?) throws(SandboxFailure) {
        switch step {
        case .namespaces: try self.enterNamespaces(descriptor)
        case .privateTmp: try self.mountPrivateTmp()
        case .limits: try self.setLimits()
        case .boundingSet: try self.limitCapabilities()
        case .credentials: try self.changeUser(child)
        case .capabilities: try self.dropCapabilities()
        case .privileges: try self.dropPrivileges()
        case .environment: self.keepListedVariables()
        case .scope: try self.limitScope()
        case .landlock: try self.limitFilesAndPorts()
        case .seccomp: try self.installFilter()
        }
    }

    private func installFilter() throws(SandboxFailure) {
        guard let filter = self.filter else { return }
        try taking(.seccomp, "the filter") { () throws(Errno) in
            try Confinement.installFilter(filter.program(for: ownProcessID))
        }
    }
}
