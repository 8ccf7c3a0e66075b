import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// `celeriac leakcheck`, with which a build fails when a task leaks.
    @Suite struct LeakCheckTests {
        private func check(
            _ arguments: String...
        ) throws -> (status: CInt, output: String, errors: String) {
            let program = try Program(
                command: [Executable.fixture.path, "leakcheck"] + arguments, expectsOutcomes: false)
            let status = try program.finish(within: 120)
            return (status, program.outputLines.joined(separator: "\n"), program.errorText)
        }

        private func json(_ arguments: String...) throws -> (status: CInt, leaks: [String], json: JSONValue) {
            let program = try Program(
                command: [Executable.fixture.path, "leakcheck", "--json"] + arguments, expectsOutcomes: false)
            let status = try program.finish(within: 120)
            let json = try JSONValue(parsing: Array((program.outputLines.first ?? "").utf8))
            return (status, json["leaks"]?.elements.compactMap(\.text) ?? [], json)
        }

        @Test(arguments: [
            ("leak.heap", "heap"), ("leak.descriptors", "descriptors"), ("leak.mapping", "private_memory"),
            ("leak.thread", "threads"), ("leak.process", "processes"),
        ])
        func aLeakIsFound(task: String, leak: String) throws {
            let found = try self.json(task, "--runs", "100")
            #expect(found.status == 1 && found.leaks.contains(leak), "\(found.json)")
            #expect(found.leaks.allSatisfy { $0 == leak || $0 == "private_memory" }, "\(found.json)")
        }

        @Test(arguments: [
            "noise.spiky", "noise.cache", "good.text", "good.large", "good.json", "good.async", "good.dispatch",
            "good.plain0",
        ])
        func whatDoesNotLeakPasses(task: String) throws {
            let result = try self.check(task, "--runs", "300")
            #expect(result.status == 0 && result.output.hasSuffix("no leak"), "\(result)")
        }

        @Test func theBudgetIsWhatEachRunMayLeave() throws {
            let one = try self.json("leak.heap", "--runs", "60", "--args", "[8192]", "--budget", "4KiB")
            #expect(one.status == 1 && one.leaks.contains("heap"))
            let growth = one.json["heap"]?["per_run"]?.double ?? 0
            #expect((8_192...8_300).contains(growth), "\(growth)")
            let named = #"{"bytes": 8192}"#
            #expect(try self.check("leak.heap", "--runs", "60", "--kwargs", named, "--budget", "16KiB").status == 0)
        }

        @Test func theTableSaysWhatLeaks() throws {
            let result = try self.check("leak.heap", "--runs", "60")
            #expect(result.output.hasPrefix("leak.heap, 60 runs\n"))
            #expect(result.output.contains("leak.heap leaks: heap"))
        }

        /// The configuration of a worker does not spoil the measurement.
        @Test func theChildStays() throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(
                """
                [worker]
                concurrency = 4
                child_concurrency = 8
                leak_ledger = "off"
                [limits]
                max_tasks_per_child = 1
                recycle = "when_leaking"
                [pools.other]
                max_tasks_per_child = 3
                [tasks."leak.heap"]
                pool = "other"
                """, to: "celeriac.toml")
            let result = try self.check("leak.heap", "--runs", "60", "--config", config)
            #expect(result.status == 1 && result.output.contains("leak.heap leaks: heap"), "\(result)")
        }

        @Test func aTaskThatFailsIsNotCheckedForLeaks() throws {
            let result = try self.check("good.fails")
            #expect(result.status == 3 && result.errors.contains("run 1 of good.fails failed: GoodError"), "\(result)")
            let lost = try self.check("args.unnamed", "--args", #"["x", 1]"#)
            #expect(lost.status == 3 && lost.errors.contains("ArgumentError"))
        }

        @Test func wrongUsageIsToldAsSuch() throws {
            #expect(try self.check("leak.heep").errors.contains("did you mean 'leak.heap'?"))
            #expect(try self.check("leak.heep").status == 2)
            #expect(try self.check("leak.heap", "--runs", "10").status == 2)
            #expect(try self.check("leak.heap", "--budget", "4").errors.contains("--budget"))
            #expect(try self.check("leak.heap", "--args", "{}").errors.contains("--args: must be an array"))
            #expect(try self.check("leak.heap", "--kwargs", "[").status == 2)
        }
    }
}
