import Foundation
import Testing

@testable import Sandbox
@testable import SandboxPolicy

/// The filters of the built-in profiles, run in a machine of our own: every call, and the arguments that matter.
struct FilterTests {
    private static let filtered = SandboxProfile.builtIn.filter { $0.callRules != nil }
    private static let ownProcess: Int32 = 4_242

    private static func machine(_ profile: SandboxProfile) throws -> FilterMachine {
        FilterMachine(program: try CallFilter(#require(profile.callRules)).program(for: self.ownProcess))
    }

    private static func machine(_ name: String) throws -> FilterMachine {
        try self.machine(#require(SandboxProfile.named(name)))
    }

    private static func call(_ name: String, _ arguments: UInt64...) throws -> FilterMachine.Call {
        let padded = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
        return FilterMachine.Call(number: try #require(SystemCalls.number(name)), arguments: padded)
    }

    #if arch(x86_64)
        /// A change of what a profile allows shows in a change of these files. `UPDATE_GOLDEN=1` writes them anew.
        @Test(arguments: filtered)
        func everyCallIsAsInTheGoldenFile(profile: SandboxProfile) throws {
            let machine = try Self.machine(profile)
            let lines = (0...1_023).map { number in
                let verdict = machine.run(FilterMachine.Call(number: Int32(number)))
                return "\(number) \(SystemCalls.name(Int32(number)) ?? "-") \(Self.word(verdict))"
            }
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Golden/\(profile.name).x86_64.txt")
            let text = lines.joined(separator: "\n") + "\n"
            if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == text)
        }
    #endif

    private static func word(_ verdict: FilterMachine.Verdict) -> String {
        switch verdict {
        case .allow: "allow"
        case .trap: "end"
        case .log: "log"
        case .fail(let number): "errno \(number)"
        case .killProcess, .other: "\(verdict)"
        }
    }

    @Test(arguments: filtered)
    func otherArchitecturesEndTheProcess(profile: SandboxProfile) throws {
        let machine = try Self.machine(profile)
        for architecture in FilterMachine.foreign {
            for number in 0...1_023 {
                let call = FilterMachine.Call(number: Int32(number), architecture: architecture)
                #expect(machine.run(call) == .killProcess)
            }
        }
    }

    #if arch(x86_64)
        @Test(arguments: filtered)
        func numbersOfX32EndTheProcess(profile: SandboxProfile) throws {
            let machine = try Self.machine(profile)
            for number in 0...1_023 {
                let call = FilterMachine.Call(number: Int32(number | 0x4000_0000))
                #expect(machine.run(call) == .killProcess)
            }
        }
    #endif

    @Test(arguments: filtered)
    func dangerousCallsAreDeniedWithAnyArguments(profile: SandboxProfile) throws {
        let machine = try Self.machine(profile)
        for name in SystemCallSet.dangerous {
            guard let number = SystemCalls.number(name) else { continue }
            for argument in [UInt64(0), 1, .max] {
                let call = FilterMachine.Call(number: number, arguments: [UInt64](repeating: argument, count: 6))
                #expect(machine.run(call) != .allow, "\(name)")
            }
        }
    }

    @Test(arguments: filtered)
    func noCloneMakesANamespace(profile: SandboxProfile) throws {
        let machine = try Self.machine(profile)
        for bit in 0..<64 where CallGuards.namespaceFlags & 1 << UInt64(bit) != 0 {
            for other in [UInt64(0), 0x1_0000, 17, .max] {
                let verdict = machine.run(try Self.call("clone", 1 << UInt64(bit) | other))
                #expect(verdict == .fail(1), "flag \(bit)")
            }
        }
        #expect(machine.run(try Self.call("clone3")) == .fail(38))
        let threadFlags: UInt64 = 0x3d_0f00
        #expect(machine.run(try Self.call("clone", threadFlags)) == .allow)
    }

    @Test(arguments: ["worker", "offline", "compute", "strict"])
    func narrowProfilesStartThreadsAndNoProcesses(name: String) throws {
        let machine = try Self.machine(name)
        let fork: UInt64 = 0x120_0011
        #expect(machine.run(try Self.call("clone", fork)) == .fail(1))
        #expect(machine.run(try Self.call("execve")) == .trap)
    }

    @Test(arguments: ["worker", "offline", "compute", "strict"])
    func signalsReachTheProcessItselfOnly(name: String) throws {
        let machine = try Self.machine(name)
        for call in ["kill", "tgkill"] {
            #expect(machine.run(try Self.call(call, UInt64(Self.ownProcess))) == .allow)
            for other in [UInt64(1), UInt64(Self.ownProcess) + 1, UInt64(UInt32.max), 0] {
                #expect(machine.run(try Self.call(call, other)) == .trap)
            }
        }
        // The handler that tells of a forbidden call stays.
        #expect(machine.run(try Self.call("rt_sigaction", 31)) == .trap)
        #expect(machine.run(try Self.call("rt_sigaction", 15)) == .allow)
        #expect(machine.run(try Self.call("prlimit64", 0)) == .allow)
        #expect(machine.run(try Self.call("prlimit64", 1)) == .trap)
    }

    @Test func filesAreOpenedForReadingOnlyWhereNothingIsWritten() throws {
        let (readOnly, created, truncated, temporary): (UInt64, UInt64, UInt64, UInt64) = (
            0x8_0000, 0x40, 0x200, 0x40_0000
        )
        for name in ["compute", "strict"] {
            let machine = try Self.machine(name)
            #expect(machine.run(try Self.call("openat", 0, 0, readOnly)) == .allow)
            for flags in [1, 2, created, truncated, temporary] as [UInt64] {
                #expect(machine.run(try Self.call("openat", 0, 0, flags)) == .trap)
            }
        }
        let worker = try Self.machine("worker")
        #expect(worker.run(try Self.call("openat", 0, 0, created | 1)) == .allow)
    }

    @Test func socketsAreThoseOfTheProfile() throws {
        let (local, internet, internet6, netlink, cipher): (UInt64, UInt64, UInt64, UInt64, UInt64) = (1, 2, 10, 16, 38)
        let basic = try Self.machine("basic")
        for family in [local, internet, internet6, netlink] {
            #expect(basic.run(try Self.call("socket", family)) == .allow)
        }
        // The kernel looks at half of the argument: a value that differs in the other half is no way around.
        let disguised: [UInt64] = [cipher | 0x1_0000_0000, 0x1_0000_0003]
        for family in [cipher, 17, 40, 3, 15] + disguised {
            #expect(basic.run(try Self.call("socket", family)) == .fail(1))
        }
        let offline = try Self.machine("offline")
        for family in [local, internet, cipher] { #expect(offline.run(try Self.call("socket", family)) == .fail(1)) }
    }

    @Test func aListOfPortsLeavesStreamsOnly() throws {
        var profile = try #require(SandboxProfile.named("worker"))
        profile.network = .ports(connect: [443], bind: [])
        let machine = try Self.machine(profile)
        let nonblocking: UInt64 = 0x800
        #expect(machine.run(try Self.call("socket", 2, 1 | nonblocking)) == .allow)
        #expect(machine.run(try Self.call("socket", 2, 2)) == .trap)
        #expect(machine.run(try Self.call("socket", 10, 3)) == .trap)
        #expect(machine.run(try Self.call("socket", 1, 2)) == .allow)
    }

    @Test func terminalsAndDevicesAreRefused() throws {
        let machine = try Self.machine("basic")
        #expect(machine.run(try Self.call("ioctl", 0, 0x5412)) == .fail(1))
        #expect(machine.run(try Self.call("ioctl", 0, 0x5401)) == .allow)
        #expect(machine.run(try Self.call("mknodat", 0, 0, 0o060600)) == .fail(1))
        #expect(machine.run(try Self.call("mknodat", 0, 0, 0o010600)) == .allow)
    }
}
