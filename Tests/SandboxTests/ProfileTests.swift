import SandboxPolicy
import Testing

@testable import Sandbox

struct ProfileTests {
    @Test func everyNameInASetIsASystemCall() {
        for set in SystemCallSet.allCases {
            for call in set.calls { #expect(SystemCallNames.all.contains(call), "\(call) in \(set.title)") }
            #expect(SystemCallSet(title: set.title) == set)
        }
        for call in SystemCallSet.dangerous { #expect(SystemCallNames.all.contains(call), "\(call)") }
    }

    @Test func noSetHasADangerousCall() {
        let dangerous = Set(SystemCallSet.dangerous)
        for set in SystemCallSet.allCases { #expect(dangerous.isDisjoint(with: set.calls)) }
    }

    @Test func eachProfileDeniesWhatTheWiderOneDenies() throws {
        let profiles = SandboxProfile.builtIn.filter { $0.callRules?.otherwise != .allow && $0.callRules != nil }
        for (wide, narrow) in zip(profiles, profiles.dropFirst()) {
            let allowed = Self.allowedCalls(narrow).subtracting(Self.allowedCalls(wide))
            #expect(allowed.isEmpty, "\(narrow.name) allows \(allowed)")
        }
    }

    private static func allowedCalls(_ profile: SandboxProfile) -> Set<String> {
        Set(profile.callRules!.rules.filter { $0.action == .allow }.map(\.call))
    }

    @Test func extraCallsAreAllowedAndDeniedByName() throws {
        var profile = try #require(SandboxProfile.named("compute"))
        profile.calls.allowed = ["mlock", "ptrace"]
        profile.calls.denied = ["getrandom"]
        let rules = try #require(profile.callRules).rules
        #expect(rules.contains { $0.call == "mlock" && $0.action == .allow && $0.tests.isEmpty })
        #expect(rules.contains { $0.call == "ptrace" && $0.action == .allow })
        #expect(!rules.contains { $0.call == "getrandom" })
        profile.calls.allowed = ["clone"]
        let clones = try #require(profile.callRules).rules.filter { $0.call == "clone" && $0.action == .allow }
        #expect(clones.count == 1 && !clones[0].tests.isEmpty, "namespaces stay forbidden")
    }

    @Test func capabilitiesHaveTheirNumbers() {
        #expect(CapabilityNames.bit("cap_chown") == 1)
        #expect(CapabilityNames.bit("net_bind_service") == 1 << 10)
        #expect(CapabilityNames.bit("cap_checkpoint_restore") == 1 << 40)
        #expect(CapabilityNames.bit("no_such") == nil)
    }

    @Test func everyAttemptIsForbiddenByEveryNarrowProfile() {
        let names = Attempt.all.map(\.name)
        #expect(Set(names).count == names.count)
        for profile in SandboxProfile.builtIn.suffix(3) {
            #expect(Attempt.all.filter { !$0.isForbidden(by: profile) }.isEmpty)
        }
        for profile in SandboxProfile.builtIn.dropFirst() {
            #expect(Attempt.all.count { $0.isForbidden(by: profile) } >= 40)
        }
    }
}
