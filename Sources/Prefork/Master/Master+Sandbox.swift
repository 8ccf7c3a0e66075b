import CrashReports
import Sandbox
import SandboxPolicy
import Supervision
import Wire

/// Holds children to their sandboxes.
extension Master {
    /// A child that is weaker than its profile gets no task, and neither would any other of its pool.
    func childEnteredSandbox(_ child: ChildHandle, _ payload: Bytes) {
        let profile = self.templates[child.generation]?.sandboxes[child.pool] ?? .standard
        guard let report = SandboxReport(text: String(decoding: payload, as: UTF8.self)) else {
            return self.supervisor.childBrokeProtocol(child.id, "a ready frame that tells no sandbox", now: self.now)
        }
        let weaknesses = profile.weaknesses(of: report)
        guard weaknesses.isEmpty else {
            let reason = "the sandbox \(profile.name) is not in force: \(weaknesses.joined(separator: "; "))"
            return self.supervisor.childRefusedToBoot(child.id, reason: reason, now: self.now)
        }
        self.logDowngrades(report, child)
        child.isReady = true
        self.childMayBeReady(child)
    }

    /// Each once for a profile: it is the host that lacks something.
    private func logDowngrades(_ report: SandboxReport, _ child: ChildHandle) {
        for downgrade in report.downgrades where self.knownDowngrades.insert("\(report.profile) \(downgrade)").inserted
        {
            self.logger.warning(
                "sandbox.downgraded",
                metadata: [
                    "profile": "\(report.profile)", "pool": "\(self.settings.poolNames[child.pool])",
                    "without": "\(downgrade.step.rawValue)", "reason": "\(downgrade.reason)",
                ])
        }
    }

    /// What ended a child, with the name of the system call that its filter refused.
    func naming(_ exit: ChildExit, _ child: ChildHandle) -> ChildExit {
        guard exit == .signalled("SIGSYS") else { return exit }
        if let call = child.crashRecord.flatMap({ CrashRecord($0) })?.refusedCall {
            return .denied(call: SystemCalls.name(call) ?? "number \(call)")
        }
        let profile = self.templates[child.generation]?.sandboxes[child.pool]
        return profile?.callRules == nil ? exit : .denied(call: nil)
    }
}
