import SandboxPolicy
import Syscalls
import SystemPackage

/// Files, TCP ports, signals and abstract sockets (`landlock(7)`).
extension Sandbox {
    /// The bits of the kernel's interface, and the version that brought them.
    private enum Rights {
        static let execute: UInt64 = 1 << 0
        static let writeFile: UInt64 = 1 << 1
        static let readFile: UInt64 = 1 << 2
        static let readDirectory: UInt64 = 1 << 3
        /// Removing, and making directories, files, sockets, FIFOs and links; not devices.
        static let change: UInt64 = 0b1_0111_1011 << 4
        static let makeDevices: UInt64 = 1 << 6 | 1 << 11
        static let move: UInt64 = 1 << 13  // version 2
        static let truncate: UInt64 = 1 << 14  // version 3
        static let controlDevices: UInt64 = 1 << 15  // version 5
        /// Those that a file has, and not only a directory.
        static let ofFiles = execute | writeFile | readFile | truncate | controlDevices

        static let reading = execute | readFile | readDirectory
        static let bindTCP: UInt64 = 1 << 0  // version 4
        static let connectTCP: UInt64 = 1 << 1
        static let abstractSockets: UInt64 = 1 << 0  // version 6
        static let signals: UInt64 = 1 << 1

        static func files(_ version: Int) -> UInt64 {
            var rights = self.reading | self.writeFile | self.change | self.makeDevices
            if version >= 2 { rights |= self.move }
            if version >= 3 { rights |= self.truncate }
            if version >= 5 { rights |= self.controlDevices }
            return rights
        }

        static func writing(_ version: Int) -> UInt64 {
            self.files(version) & ~(self.makeDevices | self.controlDevices)
        }
    }

    /// Signals reach, and looks into memory find, only what the child started itself.
    func limitScope() throws(SandboxFailure) {
        try Self.demand(version: 6, .scope)
        var scoped: UInt64 = 0
        if self.profile.signalsOnlyOwn { scoped |= Rights.signals }
        if self.profile.seesNoAbstractSockets { scoped |= Rights.abstractSockets }
        try taking(.scope, "rules") { () throws(Errno) in
            try LandlockRuleset(files: 0, network: 0, scoped: scoped).restrictSelf()
        }
    }

    func limitFilesAndPorts() throws(SandboxFailure) {
        let version = LandlockRuleset.version
        try Self.demand(version: self.profile.needsPorts ? 4 : 1, .landlock)
        let files = self.profile.files == .all ? 0 : Rights.files(version)
        let network = self.profile.needsPorts ? Rights.bindTCP | Rights.connectTCP : 0
        let rules = try self.rules(files: files, network: network)
        if case .only(let paths) = self.profile.files {
            for path in paths { try Self.allow(path, rules, version) }
        }
        if case .ports(let connect, let bind) = self.profile.network {
            for port in connect { try Self.allow(Rights.connectTCP, port, rules) }
            for port in bind { try Self.allow(Rights.bindTCP, port, rules) }
        }
        try taking(.landlock, "rules") { () throws(Errno) in try rules.restrictSelf() }
    }

    private func rules(files: UInt64, network: UInt64) throws(SandboxFailure) -> LandlockRuleset {
        do {
            return try LandlockRuleset(files: files, network: network, scoped: 0)
        } catch {
            throw SandboxFailure(.landlock, "rules: \(error)")
        }
    }

    private static func allow(
        _ path: SandboxProfile.PathRule, _ rules: borrowing LandlockRuleset, _ version: Int
    ) throws(SandboxFailure) {
        let rights = path.isWritable ? Rights.reading | Rights.writing(version) : Rights.reading
        do {
            try rules.allow(rights, ofFile: Rights.ofFiles, at: path.path)
        } catch {
            if path.isOptional && error == .noSuchFileOrDirectory { return }
            throw SandboxFailure(.landlock, "\(path.path): \(error)")
        }
    }

    private static func allow(
        _ right: UInt64, _ port: UInt16, _ rules: borrowing LandlockRuleset
    ) throws(SandboxFailure) {
        do {
            try rules.allow(right, onPort: port)
        } catch {
            throw SandboxFailure(.landlock, "port \(port): \(error)")
        }
    }

    private static func demand(version: Int, _ step: SandboxStep) throws(SandboxFailure) {
        let found = LandlockRuleset.version
        if found >= version { return }
        let has = found == 0 ? "the kernel has no Landlock" : "the kernel has Landlock \(found)"
        throw SandboxFailure(step, "\(has), \(version) is needed")
    }
}

extension SandboxProfile {
    fileprivate var needsPorts: Bool { if case .ports = self.network { true } else { false } }
}
