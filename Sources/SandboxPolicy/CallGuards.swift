/// The calls whose arguments matter, and what is allowed of them.
///
/// Numbers are those of the kernel's interface, the same on every 64-bit processor.
struct CallGuards {
    /// What the profile allows of them.
    let network: SandboxProfile.Network
    let startsPrograms: Bool
    let writesFiles: Bool

    static let operationNotPermitted: Int32 = 1
    static let accessDenied: Int32 = 13
    static let noSuchCall: Int32 = 38

    /// The rules for a call that an allow-list names; `nil` when its arguments do not matter.
    func rules(_ call: String) -> [CallRule]? {
        switch call {
        case "clone": Self.clone(mayFork: self.startsPrograms)
        case "clone3": [Self.clone3]
        // Dispatch asks for priorities that it does not get, and would tell the system's log through a socket.
        case "setpriority": [CallRule(call, .fail(0))]
        case "kill", "tgkill": self.startsPrograms ? nil : [CallRule(call, .allow, .ownProcess(argument: 0))]
        // The handler that reports a forbidden call stays in place; whoever starts programs gives all handlers back.
        case "rt_sigaction": self.startsPrograms ? nil : [CallRule(call, .allow, .other(argument: 0, than: 31))]
        case "prlimit64": [CallRule(call, .allow, .integer(0, 0))]
        case "prctl": Self.options.map { CallRule(call, .allow, .integer(0, $0)) }
        case "ioctl": Self.requests.map { CallRule(call, .allow, .integer(1, $0)) }
        case "openat": self.writesFiles ? nil : [CallRule(call, .allow, Self.readsOnly(2))]
        case "open": self.writesFiles ? nil : [CallRule(call, .allow, Self.readsOnly(1))]
        case "socket": self.sockets
        default: nil
        }
    }

    // MARK: Processes

    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    static let namespaceFlags: UInt64 = 0x7e02_0000
    private static let threadFlag: UInt64 = 0x1_0000

    /// What is refused is an error: the C library forks with all signals blocked, and a call that ended the child then
    /// could not be named.
    private static func clone(mayFork: Bool) -> [CallRule] {
        let mask = self.namespaceFlags | (mayFork ? 0 : self.threadFlag)
        let allowed = ArgumentTest.bits(argument: 0, mask: mask, value: mayFork ? 0 : self.threadFlag)
        let process = ArgumentTest.bits(argument: 0, mask: self.threadFlag, value: 0)
        let refused = mayFork ? [] : [CallRule("clone", .fail(self.operationNotPermitted), process)]
        return [CallRule("clone", .allow, allowed)] + refused + self.namespaceRefusals
    }

    private static var namespaceRefusals: [CallRule] {
        let flags = (0..<64).map { UInt64(1) << $0 }.filter { $0 & self.namespaceFlags != 0 }
        return flags.map { flag in
            CallRule("clone", .fail(self.operationNotPermitted), .bits(argument: 0, mask: flag, value: flag))
        }
    }

    static let clone3 = CallRule("clone3", .fail(Self.noSuchCall))

    // PR_GET_PDEATHSIG, GET_DUMPABLE, SET_NAME, GET_NAME, GET_SECCOMP, CAPBSET_READ, GET_NO_NEW_PRIVS, SET_VMA, and
    // SET_PDEATHSIG.
    private static let options: [UInt64] = [1, 2, 3, 15, 16, 21, 23, 39, 0x5356_4d41]

    // MARK: Files

    // O_ACCMODE, O_CREAT, O_TRUNC and O_TMPFILE's own bit are all clear.
    private static func readsOnly(_ argument: UInt32) -> ArgumentTest {
        .bits(argument: argument, mask: 0x40_0243, value: 0)
    }

    // FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ: not those that type into a terminal.
    private static let requests: [UInt64] = [0x541b, 0x5421, 0x5451, 0x5450, 0x5401, 0x5413]

    // MARK: Sockets

    private static let local: UInt64 = 1
    private static let internet: [UInt64] = [2, 10]
    private static let netlink: UInt64 = 16
    private static let stream: UInt64 = 1
    /// The type of a socket without SOCK_NONBLOCK and SOCK_CLOEXEC.
    private static let typeMask: UInt64 = 0xf

    /// Landlock knows TCP's ports and no others: with a list of ports there is no other protocol.
    private var sockets: [CallRule] {
        guard self.network != .off else { return [CallRule("socket", .fail(Self.operationNotPermitted))] }
        var rules = [CallRule("socket", .allow, .integer(0, Self.local))]
        // The resolver asks for the machine's addresses, and goes on without them.
        rules.append(CallRule("socket", .fail(Self.operationNotPermitted), .integer(0, Self.netlink)))
        for family in Self.internet {
            guard case .ports = self.network else {
                rules.append(CallRule("socket", .allow, .integer(0, family)))
                continue
            }
            let isStream = ArgumentTest.bits(argument: 1, mask: Self.typeMask, value: Self.stream)
            rules.append(CallRule("socket", .allow, .integer(0, family), isStream))
        }
        return rules
    }

    // MARK: What a deny-list adds

    /// What is refused, with an error, of calls that are otherwise allowed.
    static func refusals() -> [CallRule] {
        let refuse = CallAction.fail(self.operationNotPermitted)
        var rules = self.namespaceRefusals + [self.clone3]
        // TIOCSTI, TIOCLINUX: typing into the terminal of others.
        rules += [0x5412, 0x541c].map { CallRule("ioctl", refuse, .integer(1, $0)) }
        // Families of sockets other than those of files, of the internet, and of the kernel's own tables.
        let families: [UInt64] = Array(3...9) + Array(11...15)
        rules += families.map { CallRule("socket", refuse, .integer(0, $0)) }
        rules.append(CallRule("socket", refuse, .atLeast(argument: 0, self.netlink + 1)))
        // Limits of other processes.
        rules.append(CallRule("prlimit64", refuse, .other(argument: 0, than: 0), .other(argument: 2, than: 0)))
        // S_IFCHR, S_IFBLK: devices.
        for kind in [UInt64(0o020000), 0o060000] {
            rules.append(CallRule("mknod", refuse, .bits(argument: 1, mask: 0o170000, value: kind)))
            rules.append(CallRule("mknodat", refuse, .bits(argument: 2, mask: 0o170000, value: kind)))
        }
        return rules
    }
}
