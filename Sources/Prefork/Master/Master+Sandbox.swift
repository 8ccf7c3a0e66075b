import CrashReports
import Sandbox
import SandboxPolicy
import Supervision
import Wire

/// Holds children to their sandboxes.
extension Master {
    /// A child that is weaker than its profile gets no task, and neither would any other of its pool.
    func childEnteredSandbox(_ child: ChildHandle, _ payload: Bytes) {
        guard let template = self.templates[child.generation] else { return }
        if template.goodReports[child.pool] != payload {
            guard self.isSafe(child, payload, template.sandboxes[child.pool]) else { return }
            template.goodReports[child.pool] = payload
        }
        child.isReady = true
        self.childMayBeReady(child)
    }

    private func isSafe(_ child: ChildHandle, _ payload: Bytes, _ profile: SandboxProfile) -> Bool {
        guard let report = SandboxReport(text: String(decoding: payload, as: UTF8.self)) else {
            self.supervisor.childBrokeProtocol(child.id, "a ready frame that tells no sandbox", now: self.now)
            return false
        }
        let weaknesses = profile.weaknesses(of: report)
        guard weaknesses.isEmpty else {
            let reason = "the sandbox \(profile.name) is not in force: \(weaknesses.joined(separator: "; "))"
            self.supervisor.childRefusedToBoot(child.id, reason: reason, now: self.now)
            return false
        }
        self.logDowngrades(report, child)
        return true
    }

    /// Each once for a profile: it is the host that lacks something. Children say the reasons, so not without end.
    private func logDowngrades(_ report: SandboxReport, _ child: ChildHandle) {
        for downgrade in report.downgrades where self.knownDowngrades.count < 64 {
            guard self.knownDowngrades.insert("\(report.profile) \(downgrade)").inserted else { continue }
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
        if let record = child.crashRecord.flatMap({ CrashRecord($0) }) {
            // Somebody may have sent the signal, the task itself for one.
            guard let call = record.refusedCall else { return exit }
            return .denied(call: SystemCalls.name(call) ?? "number \(call)")
        }
        let profile = self.templates[child.generation]?.sandboxes[child.pool]
        return profile?.steps.contains(.seccomp) == true ? .denied(call: nil) : exit
    }
}
