import Testing

@testable import Supervision

/// From what is known of a child's death to its cause.
@Suite struct DeathTests {
    private static let kill = ChildExit.signalled("SIGKILL")

    private static func evidence(_ change: (inout DeathEvidence) -> Void = { _ in }) -> DeathEvidence {
        var evidence = DeathEvidence()
        change(&evidence)
        return evidence
    }

    static let deaths: [(ChildExit, DeathEvidence, Cause)] =
        [
            (.exited(code: 0), evidence(), .exited(code: 0)),
            (kill, evidence(), .killed),
            (kill, evidence { ($0.cpuTime, $0.inheritedCPULimit) = (.seconds(5), .seconds(5)) }, .processorLimit),
            (kill, evidence { ($0.cpuTime, $0.inheritedCPULimit) = (.seconds(4), .seconds(5)) }, .killed),
            (.signalled("SIGXCPU"), evidence(), .processorLimit),
            (.denied(call: "ptrace"), evidence(), .sandbox(call: "ptrace")),
            (.denied(call: nil), evidence(), .sandbox(call: nil)),
            (.signalled("SIGSYS"), evidence(), .signalled(signal: "SIGSYS")),
            (.signalled("SIGXFSZ"), evidence(), .signalled(signal: "SIGXFSZ")),
            (.signalled("SIGSEGV"), evidence(), .signalled(signal: "SIGSEGV")),
        ]
        + Crash.allCases.map { crash in
            (.signalled("SIGSEGV"), evidence { $0.crash = crash }, .crashed(crash, signal: "SIGSEGV"))
        }

    @Test(arguments: Self.deaths)
    func anEndHasItsCause(_ exit: ChildExit, _ evidence: DeathEvidence, _ cause: Cause) {
        #expect(Cause(exit, evidence) == cause)
    }

    @Test func theKernelsStopAtALimitOfTheAttemptIsThatLimit() {
        let limit = ByteCount.mebibytes(64)
        #expect(Self.ending(.signalled("SIGXFSZ")) { $0.fileSize = limit } == .lost(.fileSize(limit: limit)))
        let outOfMemory = Self.evidence { $0.crash = .outOfMemory }
        #expect(
            Self.ending(.signalled("SIGILL"), outOfMemory) { $0.memory = limit } == .lost(.dataLimit(limit: limit)))
    }

    @Test func withoutSuchALimitItIsALoss() {
        #expect(Self.ending(.signalled("SIGXFSZ")) { _ in } == nil)
        #expect(Self.ending(.signalled("SIGILL"), Self.evidence { $0.crash = .outOfMemory }) { _ in } == nil)
    }

    private static func ending(
        _ exit: ChildExit, _ evidence: DeathEvidence = DeathEvidence(), limits: (inout TaskLimits) -> Void
    ) -> FinishedDelivery.Ending? {
        var bench = Bench.running(tasks: [.limited(limits)])
        let (id, _) = bench.run()
        return bench.exit(id, exit, evidence).compactMap(\.ending).first
    }
}
