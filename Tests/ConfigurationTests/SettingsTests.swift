import Supervision
import Testing

@testable import Configuration

struct SettingsTests {
    @Test func nothingGivesTheDefaultsOfTheValueTypes() throws {
        let settings = try load(tasks: ["a": TaskOptions()])
        let task = try #require(settings.task(named: "a"))
        #expect(task.limits == TaskLimits())
        #expect(task.retry == RetryPolicy())
        #expect(task.pool == 0)
        #expect(task.command == nil)
        var pool = PoolPolicy()
        (pool.concurrency, pool.followsProcessors) = (8, true)
        #expect(settings.pools == [PoolSettings(name: "default", policy: pool, sandbox: .standard)])
        #expect(settings.worker.shutdownGrace == .seconds(30))
        #expect(settings.worker.logLevel == .info)
        #expect(settings.worker.logFormat == .text)
        #expect(settings.worker.heldMessages == .mebibytes(64))
        #expect(settings.worker.bootTimeout == .seconds(30))
        #expect(settings.worker.controlGroups == .auto)
        #expect(settings.worker.memoryBudget == nil)
        #expect(settings.warnings == [])
        #expect(try load("") == load())
    }

    @Test func everyKeyReachesItsValue() throws {
        let settings = try load(
            """
            [worker]
            concurrency = 3
            child_concurrency = 4
            shutdown_grace = "0s"
            log_level = "debug"
            log_format = "json"
            held_messages = "5MiB"
            boot_timeout = "6s"
            control_groups = "v1"
            memory_budget = "26GiB"
            [limits]
            soft_time = "7s"
            hard_time = "8s"
            soft_cpu_time = "9s"
            hard_cpu_time = "10s"
            cpu_percent = 27
            memory = "11MiB"
            open_files = 12
            processes = 13
            file_size = "14MiB"
            output = "15MiB"
            result = "16MiB"
            stuck_after = "16s"
            when_stuck = "kill"
            max_tasks_per_child = 17
            max_child_age = "18s"
            max_child_growth = "19MiB"
            [retry]
            max_retries = 20
            automatic = true
            backoff = "21s"
            max_backoff = "22s"
            jitter = false
            max_losses = 23
            breaker = 17
            breaker_wait = "18s"
            [pools.a]
            [pools.b]
            concurrency = "auto"
            child_concurrency = 24
            max_tasks_per_child = "none"
            max_child_age = "25s"
            max_child_growth = "none"
            [tasks.t]
            pool = "b"
            command = ["x", "{id}"]
            stdin = "none"
            environment = { A = "1", "B.C" = "2" }
            working_directory = "/tmp"
            """
        )
        #expect(settings.worker.shutdownGrace == .zero)
        #expect(settings.worker.logLevel == .debug)
        #expect(settings.worker.logFormat == .json)
        #expect(settings.worker.heldMessages == .mebibytes(5))
        #expect(settings.worker.bootTimeout == .seconds(6))
        #expect(settings.worker.controlGroups == .v1)
        #expect(settings.worker.memoryBudget == .gibibytes(26))

        var pool = PoolPolicy()
        (pool.concurrency, pool.childConcurrency) = (3, 4)
        (pool.maxTasksPerChild, pool.maxChildAge, pool.maxChildGrowth) = (17, .seconds(18), .mebibytes(19))
        #expect(settings.pools.map(\.name) == ["default", "a", "b"])
        #expect(settings.pools[0].policy == pool)
        pool.concurrency = 1
        #expect(settings.pools[1].policy == pool)
        (pool.concurrency, pool.childConcurrency, pool.followsProcessors) = (8, 24, true)
        (pool.maxTasksPerChild, pool.maxChildAge, pool.maxChildGrowth) = (nil, .seconds(25), nil)
        #expect(settings.pools[2].policy == pool)

        let task = try #require(settings.task(named: "t"))
        var limits = TaskLimits()
        (limits.softTime, limits.hardTime) = (.seconds(7), .seconds(8))
        (limits.softCPUTime, limits.hardCPUTime, limits.cpuPercent) = (.seconds(9), .seconds(10), 27)
        (limits.memory, limits.openFiles, limits.processes) = (.mebibytes(11), 12, 13)
        (limits.fileSize, limits.output, limits.result) = (.mebibytes(14), .mebibytes(15), .mebibytes(16))
        (limits.stuckAfter, limits.whenStuck) = (.seconds(16), .kill)
        #expect(task.limits == limits)
        var retry = RetryPolicy()
        (retry.breaker, retry.breakerWait) = (17, .seconds(18))
        (retry.maxRetries, retry.automatic, retry.jitter, retry.maxLosses) = (20, true, false, 23)
        (retry.backoff, retry.maxBackoff) = (.seconds(21), .seconds(22))
        #expect(task.retry == retry)
        #expect(task.pool == 2)
        let command = try #require(task.command)
        #expect(try command.renderedArguments { $0 == .id ? "7" : nil } == ["x", "7"])
        #expect(command.standardInput == .none)
        #expect(command.environment == ["A": "1", "B.C": "2"])
        #expect(command.workingDirectory == "/tmp")
        #expect(settings.commandTasks == ["t"])
        #expect(settings.warnings == ["c.toml:37:8: no task uses the pool 'a'"])
    }

    @Test func commandGetsJSONUnlessTheFileSaysOtherwise() throws {
        let command = try #require(load("[tasks.t]\ncommand = ['x']").task(named: "t")?.command)
        #expect(command.standardInput == .json)
        #expect(command.environment == [:])
        #expect(command.workingDirectory == nil)
    }

    @Test func taskThatNobodyDefinesHasNoSettings() throws {
        let settings = try load("[tasks.a]\nmemory = '1MiB'", tasks: ["b": TaskOptions()])
        #expect(settings.task(named: "a") == nil)
        #expect(settings.taskNames == ["b"])
    }

    @Test func sectionsWithoutEffectAreWarnedAbout() throws {
        let settings = try load(
            "[tasks.video]\n[tasks.'x.*']\n[tasks.'*']\n[pools.p]",
            tasks: ["vidoe": TaskOptions(), "y": TaskOptions()]
        )
        #expect(
            settings.warnings == [
                "c.toml:4:8: no task uses the pool 'p'",
                "c.toml:2:8: no task matches 'x.*'",
                "c.toml:1:8: there is no task 'video'; did you mean 'vidoe'?",
            ]
        )
        #expect(try load("[pools.p]", tasks: ["a": TaskOptions(pool: "p")]).warnings == [])
    }

    @Test func everyOptionInCodeReachesItsValue() throws {
        var options = TaskOptions(
            softTime: .seconds(1),
            hardTime: .seconds(2),
            softCPUTime: .milliseconds(3),
            hardCPUTime: .at(.seconds(4)),
            cpuPercent: 150,
            memory: .mebibytes(5),
            openFiles: 6,
            processes: 0,
            fileSize: .kibibytes(7),
            output: .mebibytes(8),
            result: .gibibytes(9),
            stuckAfter: .seconds(16),
            whenStuck: .kill,
            maxRetries: 10,
            automaticRetry: true,
            backoff: .seconds(11),
            maxBackoff: .seconds(12),
            jitter: false,
            maxLosses: 13,
            breaker: 17,
            breakerWait: .seconds(18),
            pool: "p",
            sandbox: "basic",
            rate: .perMinute(14),
            maxConcurrent: 15,
            limitKey: "{args[0]}",
            acks: .early,
            ignoreResult: true,
            trackStarted: true,
            requireSignature: false,
            requireCertificate: false
        )
        (options.recycle, options.leakAllowance) = (.whenLeaking, .mebibytes(16))
        #expect(Set(options.values.map(\.key.name)) == Self.taskKeyNames)
        let task = try #require(load("[pools.p]", tasks: ["a": options]).task(named: "a"))
        var limits = TaskLimits()
        (limits.softTime, limits.hardTime) = (.seconds(1), .seconds(2))
        (limits.softCPUTime, limits.hardCPUTime) = (.milliseconds(3), .seconds(4))
        limits.cpuPercent = 150
        (limits.memory, limits.openFiles, limits.processes) = (.mebibytes(5), 6, 0)
        (limits.fileSize, limits.output, limits.result) = (.kibibytes(7), .mebibytes(8), .gibibytes(9))
        (limits.stuckAfter, limits.whenStuck) = (.seconds(16), .kill)
        var retry = RetryPolicy()
        (retry.breaker, retry.breakerWait) = (17, .seconds(18))
        (retry.maxRetries, retry.automatic, retry.jitter, retry.maxLosses) = (10, true, false, 13)
        (retry.backoff, retry.maxBackoff) = (.seconds(11), .seconds(12))
        let admission = AdmissionSettings(
            rate: Rate("14.0/m"), maxConcurrent: 15, key: try CommandTemplate("{args[0]}"))
        let delivery = DeliverySettings(
            acknowledgement: .early, ignoresResult: true, tracksStart: true, admission: admission,
            requiresSignature: false, requiresCertificate: false)
        let expected = TaskSettings(
            limits: limits, retry: retry, pool: 1, leakAllowance: .mebibytes(16), delivery: delivery, command: nil)
        #expect(task == expected)
    }

    /// What code can say about a task: everything that its section can, but what makes it a command.
    private static var taskKeyNames: Set<String> {
        let commandKeys = [SettingKey.command, .stdin, .environment, .workingDirectory].map(\.name)
        return Set(SettingKey.all.filter { $0.sections.contains(.tasks) }.map(\.name)).subtracting(commandKeys)
    }
}

struct PrecedenceTests {
    /// The places a task's memory limit can come from, from weakest to strongest. The n-th says n MiB.
    enum Place: Int, CaseIterable {
        case file = 1
        case environment, flag, code, shortPattern, longPattern, laterPattern, exactName
    }

    @Test(arguments: 0..<(1 << Place.allCases.count))
    func strongestPlaceWins(choice: Int) throws {
        let places = Place.allCases.filter { choice & (1 << ($0.rawValue - 1)) != 0 }
        func size(_ place: Place) -> String? { places.contains(place) ? "\(place.rawValue)MiB" : nil }
        let sections: [(String, Place)] = [
            ("tasks.'video.c?t'", .longPattern), ("tasks.'*.cut'", .shortPattern), ("tasks.'video.?ut'", .laterPattern),
            ("tasks.'video.cut'", .exactName), ("limits", .file),
        ]
        let file = sections.compactMap { section, place in size(place).map { "[\(section)]\nmemory = '\($0)'" } }
        let settings = try load(
            file.joined(separator: "\n"),
            environment: size(.environment).map { ["CELERIAC_LIMITS_MEMORY": $0] } ?? [:],
            flags: size(.flag).map { ["memory": $0] } ?? [:],
            tasks: ["video.cut": TaskOptions(memory: places.contains(.code) ? .mebibytes(Place.code.rawValue) : nil)]
        )
        let task = try #require(settings.task(named: "video.cut"))
        #expect(task.limits.memory == places.last.map { .mebibytes($0.rawValue) })
    }

    @Test func noneTakesAnInheritedLimitAway() throws {
        let file = "[limits]\nhard_time = '1s'\n[tasks.a]\nhard_time = 'none'"
        let tasks = ["a": TaskOptions(), "b": TaskOptions(hardTime: .unlimited), "c": TaskOptions()]
        let settings = try load(file, tasks: tasks)
        #expect(settings.task(named: "a")?.limits.hardTime == nil)
        #expect(settings.task(named: "b")?.limits.hardTime == nil)
        #expect(settings.task(named: "c")?.limits.hardTime == .seconds(1))
        #expect(try load(file, flags: ["hard-time": "none"], tasks: tasks).task(named: "c")?.limits.hardTime == nil)
    }

    @Test func keysAreLaidOverEachOtherOneByOne() throws {
        let file = "[limits]\nmemory = '1MiB'\n[tasks.'*']\nopen_files = 9\n[tasks.a]\nprocesses = 3"
        let task = try #require(load(file, tasks: ["a": TaskOptions(maxRetries: 7)]).task(named: "a"))
        #expect(task.limits.memory == .mebibytes(1))
        #expect(task.limits.openFiles == 9)
        #expect(task.limits.processes == 3)
        #expect(task.retry.maxRetries == 7)
    }

    @Test func patternsApplyToCommandsToo() throws {
        let settings = try load("[tasks.'a.*']\nmemory = '1MiB'\n[tasks.'a.b']\ncommand = ['x']")
        #expect(settings.task(named: "a.b")?.limits.memory == .mebibytes(1))
    }

    @Test func wordsAndNumbersComeFromTextAsTheyDoFromTheFile() throws {
        let settings = try load(
            "[worker]\nconcurrency = 2",
            environment: ["CELERIAC_WORKER_CONCURRENCY": "auto", "CELERIAC_RETRY_JITTER": "false"],
            flags: ["max-retries": "7", "log-level": "error"],
            tasks: ["a": TaskOptions()]
        )
        #expect(settings.pools[0].policy.concurrency == 8)
        #expect(settings.task(named: "a")?.retry.jitter == false)
        #expect(settings.task(named: "a")?.retry.maxRetries == 7)
        #expect(settings.worker.logLevel == .error)
    }
}
