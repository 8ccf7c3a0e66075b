import Supervision

/// The profiles that a worker knows without a configuration, from the widest to the narrowest.
extension SandboxProfile {
    /// The built-in profiles.
    public static let builtIn = [none, basic, worker, offline, compute, strict]

    /// The one that holds unless another is named.
    public static let standard = basic

    /// The built-in profile of that name.
    public static func named(_ name: String) -> SandboxProfile? { self.builtIn.first { $0.name == name } }

    /// Nothing is denied. For looking for faults.
    static let none = SandboxProfile(name: "none")

    /// For any code, commands included: what nobody needs is refused with an error.
    static let basic: SandboxProfile = {
        var profile = SandboxProfile(name: "basic")
        profile.capabilities = .only(plainCapabilities)
        profile.dropsPrivileges = true
        profile.forbidsCoreDumps = true
        profile.signalsOnlyOwn = true
        profile.calls = CallPolicy(.harmless, onDenied: .fail(CallGuards.operationNotPermitted))
        profile.optional = [.scope]
        return profile
    }()

    /// For usual tasks: no root, no other programs, files to read, a `/tmp` to write, network.
    static let worker: SandboxProfile = {
        var profile = basic
        profile.name = "worker"
        profile.user = .unprivileged
        profile.capabilities = .only([])
        profile.forbidsKernelMemory = true
        profile.environment = .only(plainVariables)
        profile.files = .only(systemFiles + [PathRule("/tmp", isWritable: true)])
        profile.privateTmp = .mebibytes(64)
        profile.hasOwnIPC = true
        profile.seesNoAbstractSockets = true
        profile.calls = CallPolicy(
            .only([.runtime, .fileRead, .fileWrite, .networkClient, .networkServer]), onDenied: .end)
        profile.optional = [.namespaces, .privateTmp, .scope]
        return profile
    }()

    /// For tasks that need no network.
    static let offline: SandboxProfile = {
        var profile = worker
        profile.name = "offline"
        profile.network = .off
        profile.hasOwnNetwork = true
        profile.calls = CallPolicy(.only([.runtime, .fileRead, .fileWrite]), onDenied: .end)
        return profile
    }()

    /// For functions: nothing is written and nothing is sent.
    static let compute: SandboxProfile = {
        var profile = offline
        profile.name = "compute"
        profile.files = .only(systemFiles)
        profile.privateTmp = nil
        profile.calls = CallPolicy(.only([.runtime, .fileRead]), onDenied: .end)
        return profile
    }()

    /// For parsers of hostile bytes: no file but those of the kernel, and no other process of the same user.
    static let strict: SandboxProfile = {
        var profile = compute
        profile.name = "strict"
        profile.user = .perChild
        profile.environment = .only([])
        profile.files = .only(kernelFiles)
        profile.calls = CallPolicy(.only([.runtime]), onDenied: .end)
        profile.calls.refused = [.fileRead]
        profile.optional = [.namespaces, .credentials, .scope]
        return profile
    }()

    // MARK: Parts

    /// What root needs in a container that is not to harm its host: files of others, users, low ports, no more.
    private static let plainCapabilities = [
        "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service",
        "net_raw",
        "sys_chroot", "mknod", "audit_write", "setfcap",
    ]

    private static let plainVariables = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR"]

    /// Dispatch reads `/proc/<thread>/stat`; the C library counts processors.
    private static let kernelFiles = ["/proc", "/sys/devices/system/cpu"].map { PathRule($0) }

    private static let systemFiles =
        kernelFiles
        + [
            "/usr", "/lib", "/lib64", "/bin", "/etc", "/sys/fs/cgroup", "/run/systemd/resolve", "/dev/zero",
            "/dev/urandom", "/dev/random",
        ].map { PathRule($0) }
        + [PathRule("/dev/null", isWritable: true)]
}
