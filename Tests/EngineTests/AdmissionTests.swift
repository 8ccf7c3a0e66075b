import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// Tasks of very different sizes in one pool, under a memory budget.
    @Suite struct AdmissionTests {
        private static func interval(_ outcome: Outcome) -> (start: Double, end: Double) {
            let times = outcome.result?.elements.compactMap(\.double) ?? []
            return times.count == 2 ? (times[0], times[1]) : (0, 0)
        }

        /// Most of them at one time.
        private static func overlap(_ outcomes: [Outcome]) -> Int {
            let intervals = outcomes.map(Self.interval)
            return intervals.map { one in intervals.count { $0.start <= one.start && one.start < $0.end } }.max() ?? 0
        }

        private static let config = """
            [worker]
            concurrency = 6
            memory_budget = "100MiB"
            [limits]
            memory = "60MiB"
            [tasks."probe.large"]
            memory = "95MiB"
            """

        /// Both are known by their limits only at first: not two of them fit. Then they have shown what they need.
        @Test func whatTasksNeedDecidesHowManyRunTogether() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(Self.config, to: "celeriac.toml")
            let program = try Program(run: .fixture, ["--config", config])
            program.send((0..<3).map { call("probe.small", 0.1, id: "first \($0)") })
            let first = try (0..<3).map { try program.outcome("first \($0)") }
            #expect(Self.overlap(first) == 1, "60 MiB each may come")
            program.send((0..<24).map { call("probe.small", 0.15, id: "then \($0)") })
            let then = try (0..<24).map { try program.outcome("then \($0)") }
            #expect((3...6).contains(Self.overlap(then)), "a few MiB each have come")
            #expect(try program.finish() == 0)
        }

        /// Not all the same, so that they do not end together.
        private static func seconds(_ number: Int) -> JSONValue {
            [0.2, 0.27, 0.34, 0.22, 0.31, 0.38, 0.25][number % 7]
        }

        /// The large ones get their turn while small ones come without end, and never two of them at once.
        @Test func smallTasksDoNotStarveLargeOnes() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(Self.config, to: "celeriac.toml")
            let program = try Program(run: .fixture, ["--config", config])
            program.send((0..<3).map { call("probe.small", 0.01, id: "warm \($0)") })
            for number in 0..<3 { _ = try program.outcome("warm \(number)") }
            // Some six seconds of small ones for all children, and in front of most of them four large ones.
            program.send((0..<12).map { call("probe.small", Self.seconds($0), id: "before \($0)") })
            program.send((0..<4).map { call("probe.large", 60, 0.3, id: "large \($0)") })
            program.send((0..<120).map { call("probe.small", Self.seconds($0), id: "after \($0)") })
            let large = try (0..<4).map { try program.outcome("large \($0)", within: 60) }
            #expect(large.allSatisfy { $0.state == "SUCCESS" })
            #expect(Self.overlap(large) == 1)
            #expect(try program.finish(within: 60) == 0)
            let after = program.outcomes.filter { $0.id?.hasPrefix("after") == true }
            #expect(after.count == 120 && after.allSatisfy { $0.state == "SUCCESS" })
            let firstLarge = large.map { Self.interval($0).start }.min() ?? 0
            #expect(after.contains { Self.interval($0).start < firstLarge }, "small ones pass at first")
            #expect(after.contains { Self.interval($0).start > firstLarge }, "and do not starve it")
        }

        @Test func aTaskLargerThanTheBudgetRunsAlone() throws {
            let run = try Run(
                .fixture, ["-c", "3", "--memory-budget", "32MiB"],
                [call("probe.large", 40, 0.2, id: "a"), call("probe.large", 40, 0.2, id: "b")])
            #expect(run.status == 0)
            #expect(Self.overlap(run.outcomes) == 1)
        }

        @Test func whatExpiresWhileItWaitsForMemoryIsNotRun() throws {
            let run = try Run(
                .fixture, ["-c", "3", "--memory-budget", "32MiB"],
                [
                    call("probe.large", 40, 1.5, id: "a"),
                    call("probe.large", 40, 0, id: "b", with: ["expires": 1]),
                ])
            #expect(run["a"].state == "SUCCESS")
            #expect(run["b"].state == "REVOKED" && run["b"].message == "expired")
        }

        @Test func whatWaitsForMemoryIsGivenBackAtAShutdown() throws {
            let program = try Program(run: .fixture, ["-c", "3", "--memory-budget", "32MiB"])
            program.send(call("probe.large", 40, 1, id: "a"), call("probe.large", 40, 0.2, id: "b"))
            try program.wait(forRecords: "child.ready", count: 3)
            try program.wait(forRecords: "task.output")
            program.signal(15)
            #expect(try program.finish() == 4)
            #expect(program.outcomes.map(\.id) == ["a"])
            #expect(program.records("run.finished").first?["unfinished"] == .string("1"))
        }
    }
}
