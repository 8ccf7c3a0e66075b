import SandboxPolicy
import Syscalls

/// What is in force, as the kernel tells it (`/proc/self/status`).
extension Sandbox {
    func verified(
        _ downgrades: [SandboxReport.Downgrade], startedAs: UInt32
    ) throws(SandboxFailure) -> SandboxReport {
        guard let status = ProcessStatus.own() else { throw SandboxFailure(.seccomp, "/proc/self/status is not there") }
        var report = SandboxReport(of: self.profile)
        report.hasNoNewPrivileges = status.number("NoNewPrivs") == 1
        report.isFiltered = status.number("Seccomp") == 2
        let users = status.words("Uid")
        report.user = Set(users).count == 1 ? Int64(users[0]) ?? -1 : -1
        report.startedAs = Int64(startedAs)
        report.groups = status.words("Groups").count
        report.capabilities.inheritable = status.bits("CapInh")
        report.capabilities.permitted = status.bits("CapPrm")
        report.capabilities.effective = status.bits("CapEff")
        report.capabilities.bounding = status.bits("CapBnd")
        report.capabilities.ambient = status.bits("CapAmb")
        report.hidesMemory = Confinement.isMemoryHidden
        report.downgrades = downgrades
        // The kernel tells no process which rules it is under: that they were accepted is all there is.
        let taken = Set(self.profile.steps).subtracting(downgrades.map(\.step))
        report.hasFileRules = taken.contains(.landlock)
        report.isScoped = taken.contains(.scope)
        return report
    }
}

extension SandboxReport {
    init(of profile: SandboxProfile) {
        self.init()
        self.profile = profile.name
    }
}

/// The fields of `/proc/self/status`.
private struct ProcessStatus {
    private let lines: [[Substring]]

    static func own() -> ProcessStatus? {
        guard let text = try? readTextFile("/proc/self/status") else { return nil }
        return ProcessStatus(lines: text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) })
    }

    func words(_ name: String) -> [Substring] {
        self.lines.first { $0.first?.dropLast() == name[...] }.map { Array($0.dropFirst()) } ?? []
    }

    func number(_ name: String) -> Int? { self.words(name).first.flatMap { Int($0) } }

    func bits(_ name: String) -> UInt64 { self.words(name).first.flatMap { UInt64($0, radix: 16) } ?? .max }
}
