import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// Six tasks that do their worst at once, beside a thousand that do nothing wrong.
    ///
    /// All is bounded: each offender by its own limits, the files by theirs, and the storm of forks by a count of its
    /// own.
    @Suite struct MisbehaviourTests {
        private static let healthy = 1_000
        private static let budget = 256 << 20

        private static let config = """
            [worker]
            concurrency = 8
            memory_budget = "256MiB"
            [limits]
            memory = "128MiB"
            hard_time = "60s"
            processes = 50
            open_files = 64
            file_size = "8MiB"
            output = "1MiB"
            [retry]
            max_losses = 1
            [tasks."probe.storm"]
            hard_time = "20s"
            [tasks."probe.freeze"]
            hard_time = "2s"
            [tasks."probe.small"]
            memory = "32MiB"
            """

        /// An offender, and the cause of its end; some only get an errno.
        private static let offenders: [(line: String, cause: String?)] = [
            (call("probe.storm", 600, id: "storm"), "processes"),
            (call("probe.swallow", id: "swallow"), "memory"),
            (call("probe.open", id: "open"), nil),
            (call("probe.fill", id: "fill"), nil),
            (call("probe.flood", id: "flood"), "output"),
            (call("probe.freeze", id: "freeze"), "hard_time"),
        ]

        @Test(arguments: ProtectionMode.allCases)
        func sixAtOnceCostNobodyElseAnything(mode: ProtectionMode) throws {
            try mode.required()
            let scratch = try ScratchDirectory()
            let config = try scratch.write(Self.config, to: "celeriac.toml")
            let program = try mode.start(
                .fixture, ["--config", config, "--log-level", "warning"], environment: ["FILL_DIRECTORY": scratch.path])
            program.send((0..<200).map { call("probe.small", 0.001, id: "\($0)") })
            program.send(Self.offenders.map(\.line))
            program.send((200..<Self.healthy).map { call("probe.small", 0.001, id: "\($0)") })
            var highest = 0
            try program.wait(for: "all outcomes", within: 120) {
                highest = max(highest, Self.memory(of: program))
                return program.outcomes.count >= Self.healthy + Self.offenders.count
            }
            self.checkOffenders(program)
            // Between two looks of the test more may have been in use than it saw.
            let peaks = program.outcomes.compactMap { $0.json["peak_memory"]?.integer }
            highest = max(highest, peaks.max() ?? 0)
            let succeeded = program.outcomes.count { $0.task == "probe.small" && $0.state == "SUCCESS" }
            #expect(succeeded == Self.healthy)
            print(
                "\(mode.rawValue): most memory of all children \(highest >> 20) MiB of \(Self.budget >> 20) MiB"
            )
            #expect(highest <= Self.budget + Self.overshoot(mode), "\(highest >> 20) MiB")
            try self.checkSlots(program)
            #expect(try program.finish() == 1)
            #expect(ProtectionTests.groups.filter { $0.hasSuffix("/celeriac-\(program.pid)") } == [])
            #expect(directoryEntries(scratch.path) == ["celeriac.toml"], "the files of the task have names and stay")
        }

        /// With groups the kernel keeps the limit of each attempt, 128 MiB of the largest. Without, an attempt can allocate as long as the master gets no
        /// processor, down to the net of `RLIMIT_DATA`.
        private static func overshoot(_ mode: ProtectionMode) -> Int {
            mode == .off ? (1 << 30) + availableProcessors() * (16 << 20) : 128 << 20
        }

        private func checkOffenders(_ program: Program) {
            for offender in Self.offenders {
                let outcome = program.outcomes.first { offender.line.contains("\"id\":\"\($0.id ?? "")\"") }
                let text = "\(offender.line): \(outcome?.message ?? "no outcome")"
                // So many processes are also too much memory, which the kernel sees first.
                if offender.cause == "processes", outcome?.cause == "memory" { continue }
                #expect(outcome?.cause == offender.cause, "\(text)")
            }
        }

        /// All eight run again at the same time.
        private func checkSlots(_ program: Program) throws {
            try program.wait(for: "eight children") { program.children.count >= 8 }
            program.send((0..<8).map { call("probe.small", 0.5, id: "slot \($0)") })
            let slots = try (0..<8).map { try program.outcome("slot \($0)") }
            #expect(Set(slots.compactMap(\.pid)).count == 8)
        }

        /// Memory of all children and of what is below them: what the kernel charged to the worker's group at its peak, or
        /// the pages that nobody shares.
        private static func memory(of program: Program) -> Int {
            let group = ProtectionTests.groups.first {
                $0.contains("/memory/") && $0.hasSuffix("/celeriac-\(program.pid)")
            }
            if let text = group.flatMap({ try? readTextFile($0 + "/memory.max_usage_in_bytes") }) {
                return Int(text.prefix { $0 != "\n" }) ?? 0
            }
            return program.templates.flatMap { ProcessTable.descendants(of: $0) }
                .reduce(0) { $0 + Int(ProcessTable.privateMemory(of: $1) ?? 0) }
        }
    }
}
