import SandboxPolicy
import Testing

/// The master believes a child only what its profile demands.
struct ReportTests {
    private static func worker() throws -> SandboxProfile { try #require(SandboxProfile.named("worker")) }

    /// What a child reports that is in its sandbox.
    private static func good() -> SandboxReport {
        var report = SandboxReport()
        report.profile = "worker"
        report.hasNoNewPrivileges = true
        report.isFiltered = true
        report.user = 65_534
        report.startedAs = 0
        report.hidesMemory = true
        report.hasFileRules = true
        report.isScoped = true
        return report
    }

    @Test func aReportIsReadAsItWasWritten() {
        var report = Self.good()
        report.groups = 2
        report.capabilities.bounding = 0x1ff_ffff_ffff
        report.downgrades = [.init(.scope, reason: "the kernel has Landlock 5, 6 is needed")]
        #expect(SandboxReport(text: report.text) == report)
        #expect(SandboxReport(text: "") == SandboxReport())
        for text in ["nonsense", "user x", "without nothing at all", "no_such_field 1"] {
            #expect(SandboxReport(text: text) == nil)
        }
    }

    @Test func aChildInItsSandboxMayHaveTasks() throws {
        #expect(try Self.worker().weaknesses(of: Self.good()) == [])
        #expect(SandboxProfile.named("none")?.weaknesses(of: SandboxReport()) == [])
    }

    @Test(arguments: SandboxProfile.builtIn.dropFirst())
    func silenceIsWeakness(profile: SandboxProfile) {
        #expect(!profile.weaknesses(of: SandboxReport()).isEmpty)
    }

    @Test(
        arguments: [
            (\SandboxReport.hasNoNewPrivileges, "privileges: executed programs can gain rights"),
            (\.isFiltered, "seccomp: no filter is in force"), (\.hidesMemory, "privileges: its memory is not hidden"),
            (\.hasFileRules, "landlock: no rules are in force"), (\.isScoped, "scope: no rules are in force"),
        ] as [(WritableKeyPath<SandboxReport, Bool> & Sendable, String)])
    func whatIsMissingIsNamed(path: WritableKeyPath<SandboxReport, Bool> & Sendable, weakness: String) throws {
        var report = Self.good()
        report[keyPath: path] = false
        #expect(try Self.worker().weaknesses(of: report) == [weakness])
    }

    @Test func rootAndItsCapabilitiesAreWeaknesses() throws {
        var report = Self.good()
        report.user = 0
        #expect(try Self.worker().weaknesses(of: report) == ["credentials: it runs as user 0"])
        report = Self.good()
        report.capabilities.effective = 1
        #expect(try Self.worker().weaknesses(of: report) == ["capabilities: it has capabilities"])
        report.capabilities.effective = 0
        report.capabilities.bounding = 1
        #expect(try !Self.worker().weaknesses(of: report).isEmpty)
        // Who was not root cannot lower the bound, and gains nothing from it.
        report.startedAs = 1_000
        #expect(try Self.worker().weaknesses(of: report) == [])
    }

    @Test func onlyOptionalStepsMayBeLeftOut() throws {
        var report = Self.good()
        report.isScoped = false
        report.downgrades = [.init(.scope, reason: "no")]
        #expect(try Self.worker().weaknesses(of: report) == [])
        report.downgrades = [.init(.seccomp, reason: "no")]
        report.isFiltered = false
        #expect(try Self.worker().weaknesses(of: report).contains("seccomp: no filter is in force"))
    }

    @Test func anotherProfileIsNoSubstitute() throws {
        var report = Self.good()
        report.profile = "strict"
        #expect(try Self.worker().weaknesses(of: report) == ["it entered strict"])
    }
}
