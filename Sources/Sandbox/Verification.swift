import SandboxPolicy
import Syscalls

/// What is in force, as the kernel tells it (`/proc/self/status`).
extension Sandbox {
    func verified(
        _ downgrades: [SandboxReport.Downgrade], startedAs: UInt32
    ) throws(SandboxFailure) -> SandboxReport {
        guard let status = ProcessTable.ownStatus() else {
            throw SandboxFailure(.seccomp, "/proc/self/status is not there")
        }
        var report = SandboxReport(of: self.profile)
        var rest = status[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            report.read(rest[..<end])
            rest = rest[(end + 1)...]
        }
        report.startedAs = Int64(startedAs)
        report.hidesMemory = Confinement.isMemoryHidden
        report.downgrades = downgrades
        // The kernel tells no process which rules it is under: that they were accepted is all there is.
        report.hasFileRules = self.took(.landlock, downgrades)
        report.isScoped = self.took(.scope, downgrades)
        return report
    }

    private func took(_ step: SandboxStep, _ downgrades: [SandboxReport.Downgrade]) -> Bool {
        self.profile.steps.contains(step) && !downgrades.contains { $0.step == step }
    }
}

extension SandboxReport {
    init(of profile: SandboxProfile) {
        self.init()
        self.profile = profile.name
    }

    /// Takes over a line of `/proc/self/status`, if it is one that matters. As bytes: text is many times dearer, and each
    /// child reads it.
    fileprivate mutating func read(_ line: ArraySlice<UInt8>) {
        func value(of name: StaticString) -> ArraySlice<UInt8>? {
            let bytes = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            return line.starts(with: bytes) ? line.dropFirst(bytes.count) : nil
        }
        guard let first = line.first, Self.initials.contains(first) else { return }
        if let value = value(of: "NoNewPrivs:\t") { self.hasNoNewPrivileges = value.elementsEqual("1".utf8) }
        if let value = value(of: "Seccomp:\t") { self.isFiltered = value.elementsEqual("2".utf8) }
        if let value = value(of: "Uid:\t") { self.user = Self.onlyUser(value) }
        if let value = value(of: "Groups:\t") { self.groups = value.split(separator: UInt8(ascii: " ")).count }
        if let value = value(of: "CapInh:\t") { self.capabilities.inheritable = Self.bits(value) }
        if let value = value(of: "CapPrm:\t") { self.capabilities.permitted = Self.bits(value) }
        if let value = value(of: "CapEff:\t") { self.capabilities.effective = Self.bits(value) }
        if let value = value(of: "CapBnd:\t") { self.capabilities.bounding = Self.bits(value) }
        if let value = value(of: "CapAmb:\t") { self.capabilities.ambient = Self.bits(value) }
    }

    private static let initials = Array("CGNSU".utf8)

    private static func onlyUser(_ value: ArraySlice<UInt8>) -> Int64 {
        let users = value.split(separator: UInt8(ascii: "\t"))
        guard users.count == 4, users.allSatisfy({ $0 == users[0] }) else { return -1 }
        return Int64(String(decoding: users[0], as: UTF8.self)) ?? -1
    }

    private static func bits(_ value: ArraySlice<UInt8>) -> UInt64 {
        UInt64(String(decoding: value, as: UTF8.self), radix: 16) ?? .max
    }
}
