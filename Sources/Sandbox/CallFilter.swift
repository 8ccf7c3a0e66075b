import CSeccomp
import Glibc
import SandboxPolicy
import Syscalls
import SystemPackage

/// The rules of a profile as a program for the kernel (seccomp), built by libseccomp.
///
/// It is built once; each child puts its own number in where a rule asks for it. A call through another architecture's
/// interface ends the process.
public struct CallFilter: Sendable {
    /// What stands for the child's number until there is one.
    private static let processMark: UInt32 = 0x5049_4423

    /// Instructions, eight bytes each (`struct sock_filter`).
    private let instructions: [UInt64]

    /// Builds the program.
    public init(_ rules: CallRules) throws(SandboxFailure) {
        guard let context = seccomp_init(Self.code(rules.otherwise)) else {
            throw SandboxFailure(.seccomp, "libseccomp cannot begin")
        }
        defer { seccomp_release(context) }
        try Self.demand(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "architectures")
        // A binary tree where the library knows it; otherwise a list, which is as good with the kernel's cache.
        _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        for rule in rules.rules where rule.action != rules.otherwise { try Self.add(rule, to: context) }
        self.instructions = try Self.export(context)
    }

    /// The program for a process.
    public func program(for process: ProcessID) -> [UInt64] {
        self.instructions.map { instruction in
            let isComparison = UInt16(truncatingIfNeeded: instruction) == 0x15  // BPF_JMP | BPF_JEQ | BPF_K
            guard isComparison, UInt32(instruction >> 32) == Self.processMark else { return instruction }
            return UInt64(UInt32(bitPattern: process)) << 32 | instruction & 0xffff_ffff
        }
    }

    // MARK: Building

    private static func code(_ action: CallAction) -> UInt32 {
        switch action {
        case .allow: SCMP_ACT_ALLOW
        case .log: SCMP_ACT_LOG
        case .end: SCMP_ACT_TRAP
        case .fail(let number): celeriac_seccomp_errno(number)
        }
    }

    /// A call that this processor, or this libseccomp, does not know is in no filter: an allow-list denies it by
    /// its number, and what a deny-list names is denied as far as it is there.
    private static func add(_ rule: CallRule, to context: scmp_filter_ctx) throws(SandboxFailure) {
        let number = seccomp_syscall_resolve_name(rule.call)
        guard number >= 0 else { return }
        let tests = rule.tests.map(self.comparison)
        let result = seccomp_rule_add_array(context, self.code(rule.action), number, UInt32(tests.count), tests)
        try self.demand(result, rule.call)
    }

    private static func comparison(_ test: ArgumentTest) -> scmp_arg_cmp {
        switch test {
        case .bits(let argument, let mask, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
        case .atLeast(let argument, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_GE, datum_a: value, datum_b: 0)
        case .other(let argument, let value):
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_NE, datum_a: value, datum_b: 0)
        case .ownProcess(let argument):
            scmp_arg_cmp(
                arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: 0xffff_ffff, datum_b: UInt64(self.processMark))
        }
    }

    private static func demand(_ result: CInt, _ what: String) throws(SandboxFailure) {
        if result != 0 { throw SandboxFailure(.seccomp, "\(what): \(Errno(rawValue: -result))") }
    }

    private static func export(_ context: scmp_filter_ctx) throws(SandboxFailure) -> [UInt64] {
        do {
            let file = try memoryFile(named: "celeriac-filter", content: [])
            try self.demand(seccomp_export_bpf(context, file.number), "the filter")
            try rewind(file.number)
            let bytes = try readAll(file.number)
            return bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) }
        } catch let failure as SandboxFailure {
            throw failure
        } catch {
            throw SandboxFailure(.seccomp, "the filter: \(error)")
        }
    }
}

/// System calls of this processor by number.
public enum SystemCalls {
    /// The name; `nil` for a number that libseccomp does not know.
    public static func name(_ number: Int32) -> String? {
        guard let text = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// The number; `nil` for a call that this processor does not have.
    public static func number(_ name: String) -> Int32? {
        let number = seccomp_syscall_resolve_name(name)
        return number >= 0 ? number : nil
    }
}
