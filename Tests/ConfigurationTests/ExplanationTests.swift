import Supervision
import Testing

@testable import Configuration

struct ExplanationTests {
    @Test func everyValueNamesItsSource() throws {
        let settings = try load(
            "[limits]\nmemory = '1MiB'\n[tasks.'a.*']\nmax_retries = 9\npool = 'p'\n[pools.p]\nconcurrency = 2",
            environment: ["CELERIAC_WORKER_LOG_LEVEL": "debug"],
            flags: ["hard-time": "90s"],
            tasks: ["a.b": TaskOptions(openFiles: 7), "c": TaskOptions()]
        )
        let entries = settings.explanation().settings
        func entry(_ section: String, _ key: String) -> String? {
            entries.first { $0.section == section && $0.key == key }.map { "\($0.value) \($0.source)" }
        }
        #expect(entry("[worker]", "concurrency") == "8 default")
        #expect(entry("[worker]", "log_level") == "\"debug\" environment CELERIAC_WORKER_LOG_LEVEL")
        #expect(entry("[limits]", "memory") == "\"1MiB\" c.toml:2")
        #expect(entry("[limits]", "hard_time") == "\"1m30s\" flag --hard-time")
        #expect(entry("[limits]", "soft_time") == "\"none\" default")
        #expect(entry("[pools.p]", "concurrency") == "2 c.toml:7")
        #expect(entry("[pools.p]", "child_concurrency") == "1 default")
        #expect(entry("[tasks.\"a.b\"]", "max_retries") == "9 c.toml:4")
        #expect(entry("[tasks.\"a.b\"]", "open_files") == "7 code")
        #expect(entry("[tasks.\"a.b\"]", "pool") == "\"p\" c.toml:5")
        #expect(entry("[tasks.\"a.b\"]", "memory") == nil)
        #expect(!entries.contains { $0.section == "[tasks.c]" })
        let baseKeys = SettingKey.all.filter { !$0.home.isNamed }.map(\.name)
        #expect(entries.prefix(baseKeys.count).map(\.key) == baseKeys)
    }

    @Test func textIsAConfigurationFileWithTheSameMeaning() throws {
        let settings = try load(
            """
            [limits]
            memory = "1MiB"
            [tasks."say \\"hi\\""]
            command = ["echo", "{args[0]}", "tab\\t\\\\\\u0001"]
            environment = { "A.B" = "é", C = "\\"" }
            working_directory = "/"
            """
        )
        let text = settings.explanation(availableMemory: .mebibytes(4)).text
        #expect(text.hasPrefix("[worker]\nconcurrency = 8  # default\n    # Children that run tasks"))
        #expect(text.contains("\n\n[limits]\nsoft_time = \"none\"  # default\n"))
        #expect(text.contains("\nmemory = \"1MiB\"  # c.toml:2\n    # Private memory that"))
        #expect(text.hasSuffix("\n\n# pool default: 8 children × 1MiB = 8MiB > 4MiB of this container\n"))
        let again = try load(text)
        #expect(again.pools.map(\.policy.concurrency) == settings.pools.map(\.policy.concurrency))
        #expect(again.worker == settings.worker)
        #expect(again.task(named: "say \"hi\"") == settings.task(named: "say \"hi\""))
        #expect(again.commandTasks == settings.commandTasks)
    }

    @Test func memoryLimitsAreComparedWithWhatThereIs() throws {
        func remarks(_ text: String, available: ByteCount?, tasks: [String: TaskOptions] = [:]) throws -> [String] {
            try load(text, tasks: tasks).explanation(availableMemory: available).remarks
        }
        #expect(try remarks("", available: nil) == ["pool default: 8 children without a memory limit"])
        #expect(
            try remarks("[limits]\nmemory = '512MiB'", available: .gibibytes(2))
                == ["pool default: 8 children × 512MiB = 4GiB > 2GiB of this container"]
        )
        #expect(
            try remarks("[limits]\nmemory = '512MiB'", available: .gibibytes(4))
                == ["pool default: 8 children × 512MiB = 4GiB ≤ 4GiB of this container"]
        )
        let tasks = ["a": TaskOptions(memory: .mebibytes(1)), "b": TaskOptions(memory: .mebibytes(3), pool: "p")]
        #expect(
            try remarks("[pools.p]", available: .mebibytes(10), tasks: tasks) == [
                "pool default: 8 children × 1MiB = 8MiB ≤ 10MiB of this container",
                "pool p: 1 child × 3MiB = 3MiB ≤ 10MiB of this container",
                "all pools with a memory limit: 11MiB > 10MiB of this container",
            ]
        )
        let unlimited = ["a": TaskOptions(memory: .mebibytes(1)), "b": TaskOptions()]
        #expect(
            try remarks("", available: nil, tasks: unlimited) == ["pool default: 8 children without a memory limit"]
        )
        #expect(
            try remarks(
                "[worker]\nconcurrency = 9223372036854775807\n[limits]\nmemory = '2B'",
                available: .gibibytes(1)
            )
            .count == 1
        )
    }

    @Test func taskThatMayOutliveAWarmShutdownIsMentioned() throws {
        let remarks = try load(
            "[worker]\nconcurrency = 1\n[limits]\nhard_time = '30s'",
            tasks: ["a": TaskOptions(hardTime: .seconds(90)), "b": TaskOptions()]
        ).explanation().remarks
        #expect(remarks.last == "task a: may run for 1m30s, and a warm shutdown waits 30s for it")
        #expect(remarks.count == 2)
    }
}
