import Configuration
import Testing

struct ErrorTests {
    @Test(arguments: [
        (
            "[limits]\n\n  hard_tme = \"2s\"",
            "c.toml:3:3: unknown key 'hard_tme' in [limits]; did you mean 'hard_time'?"
        ),
        ("[worker]\nzzz = 1", "c.toml:2:1: unknown key 'zzz' in [worker]"),
        ("[limit]\nhard_time = 1", "c.toml:1:2: unknown section [limit]; did you mean [limits]?"),
        ("[zzz]", "c.toml:1:2: unknown section [zzz]"),
        ("[[limits]]", "c.toml:1:3: [limits] must be a table, not an array"),
        ("limits = 3", "c.toml:1:10: [limits] must be a table, not the integer 3"),
        (
            "hard_time = \"2s\"",
            "c.toml:1:1: 'hard_time' stands outside of any section; it belongs in [limits] or [tasks]"
        ),
        ("zzz = 1", "c.toml:1:1: unknown key 'zzz' outside of any section"),
        (
            "[retry]\nmemory = \"1MiB\"",
            "c.toml:2:1: 'memory' does not belong in [retry]; it belongs in [limits] or [tasks]"
        ),
        (
            "[tasks.\"a.*\"]\nmax_tasks_per_child = 3",
            "c.toml:2:1: 'max_tasks_per_child' does not belong in [tasks.\"a.*\"]; it belongs in [limits] or [pools]"
        ),
        ("[tasks]\na = 3", "c.toml:2:5: [tasks.a] must be a table, not the integer 3"),
        ("[tasks.a]\nlimits.memory = \"1B\"", "c.toml:2:1: unknown key 'limits' in [tasks.a]"),
        ("[tasks.\"\"]", "c.toml:1:8: a task must have a name"),
        ("[pools.'']", "c.toml:1:8: a pool must have a name"),
        ("[pools.default]", "c.toml:1:8: the pool 'default' is described by [worker] and [limits]"),
        ("[pools]\nheavy = 2", "c.toml:2:9: [pools.heavy] must be a table, not the integer 2"),
    ])
    func namesAreChecked(text: String, message: String) {
        #expect(errors(text) == [message])
    }

    @Test(arguments: [
        ("worker", "concurrency = 0", "15: 'concurrency' must be at least 1, not 0"),
        (
            "worker", "concurrency = \"4\"",
            "15: 'concurrency' must be an integer ≥ 1, or \"auto\", not the string \"4\""
        ),
        (
            "worker", "child_concurrency = \"auto\"",
            "21: 'child_concurrency' must be an integer ≥ 1, not the string \"auto\""
        ),
        (
            "worker", "child_concurrency = 1.5",
            "21: 'child_concurrency' must be an integer ≥ 1, not a floating-point number"
        ),
        ("worker", "log_level = \"warn\"", nil),
        ("worker", "log_format = true", "14: 'log_format' must be one of \"text\", \"json\", not the boolean true"),
        (
            "worker", "log_format = \"jsn\"",
            "14: 'log_format' must be one of \"text\", \"json\", not \"jsn\"; did you mean \"json\"?"
        ),
        ("worker", "shutdown_grace = \"0s\"", ""),
        ("worker", "boot_timeout = \"0s\"", "16: 'boot_timeout' must be more than \"0s\""),
        ("worker", "held_messages = \"0B\"", "17: 'held_messages' must be more than \"0B\""),
        (
            "limits", "hard_time = 30",
            "13: 'hard_time' must be a duration with a unit, such as \"30s\", or \"none\", not the integer 30"
        ),
        (
            "limits", "hard_time = [\"30s\"]",
            "13: 'hard_time' must be a duration with a unit, such as \"30s\", or \"none\", not an array"
        ),
        (
            "limits", "hard_time = 07:32:00",
            "13: 'hard_time' must be a duration with a unit, such as \"30s\", or \"none\", not a time"
        ),
        (
            "limits", "memory = 1",
            "10: 'memory' must be a size with a unit, such as \"512MiB\", or \"none\", not the integer 1"
        ),
        ("limits", "output = \"none\"", nil),
        ("limits", "open_files = -1", "14: 'open_files' must be at least 1, not -1"),
        ("limits", "processes = 0", ""),
        ("limits", "max_tasks_per_child = \"none\"", ""),
        ("retry", "max_retries = 0", ""),
        ("retry", "automatic = \"yes\"", "13: 'automatic' must be true or false, not the string \"yes\""),
        ("retry", "backoff = \"-1s\"", nil),
        ("retry", "max_losses = 0", "14: 'max_losses' must be at least 1, not 0"),
        ("retry", "max_losses = {}", "14: 'max_losses' must be an integer ≥ 1, not a table"),
        ("tasks.a", "pool = 1", "8: 'pool' must be the name of a pool, not the integer 1"),
        (
            "tasks.a", "command = \"ls\"",
            "11: 'command' must be an array of strings, such as [\"convert\", \"{args[0]}\"], not the string \"ls\""
        ),
        ("tasks.a", "command = []", "11: 'command' must name a program"),
        ("tasks.a", "command = [\"\", \"x\"]", "11: 'command' must name a program"),
        (
            "tasks.a", "command = [ \"{args[0]}\" ]",
            "13: the program of 'command' must be fixed text: no message may choose it"
        ),
        ("tasks.a", "command = [\"ls\", 1]", "18: 'command' must have strings only, not the integer 1"),
        ("tasks.a", "command = [\"ls\", \"{id\"]", "18: 'command': '{' has no '}'; a literal brace is written '{{'"),
    ])
    func valuesAreChecked(section: String, line: String, expected: String?) {
        let found = errors("[\(section)]\n\(line)")
        switch expected {
        case nil: #expect(found.count == 1)  // The words are those of another module, or long.
        case "": #expect(found == [])
        case let message?: #expect(found == ["c.toml:2:\(message)"])
        }
    }

    @Test func unitErrorsKeepTheirAdviceAndMentionNone() {
        let found = errors("[limits]\nhard_time = \"30\"\noutput = \"5 MB\"")
        #expect(found.count == 2)
        #expect(found.first?.hasPrefix("c.toml:2:13: 'hard_time': \"30\" has no unit; ") == true)
        #expect(found.first?.hasSuffix(", or \"none\"") == true)
        #expect(found.last?.hasPrefix("c.toml:3:10: 'output': \"5 MB\" has an unknown unit; ") == true)
        #expect(found.last?.contains("none") == false)
    }

    @Test(arguments: [
        ("stdin = \"none\"", "2:1: 'stdin' is useless without 'command'"),
        ("environment = {}", "2:1: 'environment' is useless without 'command'"),
        ("working_directory = \"/\"", "2:1: 'working_directory' is useless without 'command'"),
        (
            "command = [\"x\"]\nworking_directory = \"tmp\"",
            "3:21: 'working_directory' must be an absolute path, not \"tmp\""
        ),
        (
            "command = [\"x\"]\nenvironment = { A = 1 }",
            "3:21: 'environment' must have strings only; 'A' is the integer 1"
        ),
        ("command = [\"x\"]\nenvironment = { \"A=\" = \"\" }", "3:17: 'A=' cannot name an environment variable"),
        (
            "command = [\"x\"]\nenvironment.A = \"b\"\nenvironment.\"\" = \"b\"",
            "4:13: '' cannot name an environment variable"
        ),
        (
            "command = 3\nstdin = \"json\"",
            "2:11: 'command' must be an array of strings, such as [\"convert\", \"{args[0]}\"], not the integer 3"
        ),
    ])
    func commandKeysAreChecked(lines: String, message: String) {
        #expect(errors("[tasks.a]\n" + lines) == ["c.toml:" + message])
    }

    @Test func patternCannotBeACommand() {
        #expect(
            errors("[tasks.'a.*']\ncommand = ['x']")
                == ["c.toml:2:1: only an exact name can have a 'command'; 'a.*' is a pattern"]
        )
        #expect(
            errors("[tasks.'a.*']\nstdin = 'json'") == ["c.toml:2:1: 'stdin' is useless without 'command'"]
        )
        #expect(
            errors("[tasks.'\(String(repeating: "a", count: 128))*']")
                == ["c.toml:1:8: a pattern can have 127 characters"]
        )
    }

    @Test func taskInCodeCannotBeACommand() {
        #expect(
            errors("[tasks.a]\ncommand = ['x']", tasks: ["a": TaskOptions()])
                == ["c.toml:2:11: the program registers 'a' in code; it cannot be a command too"]
        )
    }

    @Test func aPoolsMostChildrenAreNotLessThanItsFewest() {
        #expect(
            errors("[worker]\nconcurrency = 4\nmax_concurrency = 3")
                == ["c.toml:3:19: max_concurrency (3) must not be less than concurrency (4)"])
        #expect(errors("[worker]\nmax_concurrency = 8\n[pools.a]\nconcurrency = 9\n[tasks.t]\npool = 'a'") == [])
    }

    @Test func softLimitMustBeLessThanHardLimit() {
        #expect(
            errors("[limits]\nsoft_time = '30s'\nhard_time = '30s'")
                == ["c.toml:2:13: soft_time (\"30s\") must be less than hard_time (\"30s\", c.toml:3)"]
        )
        #expect(
            errors("[limits]\nsoft_cpu_time = '3s'", flags: ["hard-cpu-time": "2s"])
                == [
                    "c.toml:2:17: soft_cpu_time (\"3s\") must be less than hard_cpu_time (\"2s\", flag --hard-cpu-time)"
                ]
        )
        #expect(
            errors("[retry]\nbackoff = '11m'")
                == ["c.toml:2:11: backoff (\"11m\") must not be more than max_backoff (\"10m\", default)"]
        )
        #expect(errors("[retry]\nbackoff = '10m'") == [])
    }

    @Test func limitsAreComparedAfterTheyAreLaidOverEachOther() {
        let file = "[limits]\nsoft_time = '30s'\nhard_time = '60s'\n[tasks.'a.*']\nhard_time = '20s'"
        #expect(errors(file) == [])
        let message = "c.toml:2:13: soft_time (\"30s\") must be less than hard_time (\"20s\", c.toml:5)"
        #expect(errors(file, tasks: ["a.b": TaskOptions(), "a.c": TaskOptions()]) == [message])
        #expect(errors(file, tasks: ["a.b": TaskOptions(softTime: .unlimited)]) == [])
        #expect(errors(file + "\n[tasks.'a.b']\nsoft_time = '10s'", tasks: ["a.b": TaskOptions()]) == [])
    }

    @Test func optionsInCodeAreChecked() {
        #expect(
            errors(tasks: [
                "a": TaskOptions(softTime: .seconds(2), hardTime: .seconds(1)),
                "b": TaskOptions(memory: .mebibytes(0), maxRetries: -1, pool: "heavy"),
            ]) == [
                "task 'b' in code: 'memory' must be more than \"0B\"",
                "task 'b' in code: 'max_retries' must be at least 0, not -1",
                "task 'a' in code: soft_time (\"2s\") must be less than hard_time (\"1s\", code)",
                "task 'b' in code: unknown pool 'heavy'",
            ]
        )
    }

    @Test func unknownPoolIsRefused() {
        #expect(
            errors("[tasks.a]\npool = 'hevy'\n[pools.heavy]")
                == ["c.toml:2:8: unknown pool 'hevy'; did you mean 'heavy'?"]
        )
        #expect(errors("[tasks.a]\npool = 'default'") == [])
    }

    @Test func environmentIsChecked() {
        let found = errors(environment: [
            "CELERIAC_CONFIG": "x", "CELERIAC_INTERNAL_LIMITS_X": "x", "CELERIAC_COLOUR": "x", "PATH": "x",
            "CELERIAC_LIMITS_HARD_TME": "2s", "CELERIAC_LIMIT_MEMORY": "1MiB", "CELERIAC_TASKS_POOL": "x",
            "CELERIAC_WORKER_CONCURRENCY": "many", "CELERIAC_LIMITS_OPEN_FILES": "3.5",
        ])
        #expect(
            found == [
                "environment CELERIAC_LIMITS_HARD_TME: unknown setting; did you mean CELERIAC_LIMITS_HARD_TIME?",
                "environment CELERIAC_LIMITS_OPEN_FILES: 'open_files' must be an integer ≥ 1, or \"none\", not the string \"3.5\"",
                "environment CELERIAC_LIMIT_MEMORY: unknown setting; did you mean CELERIAC_LIMITS_MEMORY?",
                "environment CELERIAC_TASKS_POOL: unknown setting",
                "environment CELERIAC_WORKER_CONCURRENCY: 'concurrency' must be an integer ≥ 1, or \"auto\", not the string \"many\"",
            ]
        )
    }

    @Test func flagsAreChecked() {
        #expect(
            errors(flags: ["hard-tme": "2s", "jitter": "maybe", "pool": "x"]) == [
                "flag --hard-tme: unknown flag; did you mean --hard-time?",
                "flag --jitter: 'jitter' must be true or false, not the string \"maybe\"",
                "flag --pool: unknown flag",
            ]
        )
    }

    @Test func everyErrorIsReportedInTheOrderOfTheFile() throws {
        let text = """
            [tasks.b]
            pool = 3
            hrd_time = "1s"

            [limits]
            memory = 5
            hard_time = "1s"
            soft_time = "2s"
            """
        let found = #expect(throws: ConfigurationErrors.self) { try load(text, flags: ["x": "1"]) }
        let errors = try #require(found).errors
        #expect(errors.map(\.line) == [2, 3, 6, 8, nil])
        #expect(errors.map(\.column) == [8, 1, 10, 13, nil])
        #expect(errors.map(\.file) == ["c.toml", "c.toml", "c.toml", "c.toml", nil])
        #expect(errors.map(\.code) == [.wrongType, .unknownKey, .wrongType, .conflict, .unknownKey])
        #expect(found?.description.split(separator: "\n").count == 5)
    }

    @Test(arguments: [
        ("[limits]\nhard_time = ", 2), ("[limits", 1), ("[worker]\na = 1\na = 2", 3), ("x = \"\n", 1),
    ])
    func syntaxErrorHasItsPlace(text: String, line: Int) throws {
        let found = #expect(throws: ConfigurationErrors.self) { try load(text) }
        let error = try #require(found?.errors.first)
        #expect(error.code == .syntax)
        #expect(error.line == line)
        #expect(error.column != nil)
    }

    @Test(arguments: [
        ("[=]", "3:4: expected the table's name"), ("[ .a]", "3:5: expected the table's name"),
        ("[[", "3:5: expected the table's name"), ("[", "3:4: expected the table's name"),
        ("[[\n]]", "3:5: expected the table's name"), ("[#]", "3:4: expected the table's name"),
        ("[]", "3:4: expected the table's name"), ("[\u{A0}a]", "3:4: expected the table's name"),
        ("a = [ } ]", "3:9: expected a value or ']'"),
        ("a = [ , ]", "3:9: expected a value or ']'"), ("a = [\u{2028}1]", "3:8: expected a value or ']'"),
        ("a = { b = [1,\n}", "4:1: expected a value or ']'"),
    ])
    func mistakeThatWouldEndTheProcessIsReported(line: String, message: String) {
        #expect(errors("[limits]\nmemory = '1B'\n  " + line) == ["c.toml:" + message])
        #expect(errors("[limits]\nmemory = \n" + line).first?.hasPrefix("c.toml:2:") == true)
    }

    @Test(arguments: [
        "a = " + String(repeating: "[", count: 100_000),
        "a = " + String(repeating: "{ b = ", count: 100_000),
        "a" + String(repeating: ".a", count: 100_000) + " = 1",
        "[a" + String(repeating: ".a", count: 100_000) + "]",
    ])
    func deepNestingIsRefused(text: String) {
        #expect(errors(text).first?.hasSuffix("nested too deeply") == true)
    }

    @Test func charactersThatTheLibraryWouldCutOffAreRefused() {
        #expect(errors("[worker]\n# \0\nconcurrency = 3") == ["c.toml:2:3: NUL character"])
        #expect(errors("[tasks.\"a\\u0000\"]") == ["c.toml:1:8: string with a NUL character"])
    }
}
