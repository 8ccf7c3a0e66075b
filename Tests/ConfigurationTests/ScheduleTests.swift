import Configuration
import Schedules
import Testing

struct ScheduleTests {
    private static func entry(_ text: String) throws -> ScheduleSettings {
        try #require(try load("[schedule.x]\ntask = \"t\"\n" + text).schedule.first)
    }

    @Test func aSectionIsAnEntry() throws {
        let entry = try Self.entry(
            """
            every = "1m30s"
            args = [2, "a\\n\\"", 1.5, true, [1, {}], {b = -7}]
            kwargs = {to = "x", "ö y" = []}
            queue = "slow"
            priority = 6
            expires = "1h"
            enabled = false
            missed = "all"
            deadline = "2h"
            overlap = "skip"
            """)
        #expect(entry.name == "x" && entry.task == "t" && entry.timing == .every(.seconds(90)))
        #expect(entry.arguments == #"[2, "a\n\"", 1.5, true, [1, {}], {"b": -7}]"#)
        #expect(entry.keywords == #"{"to": "x", "ö y": []}"#)
        #expect(entry.queue == "slow" && entry.priority == 6 && entry.expires == .seconds(3_600) && !entry.isEnabled)
        #expect(entry.missed == MissedRuns(.all, deadline: 7_200_000) && entry.overlapTimeout == .seconds(86_400))
    }

    @Test func whatIsLeftOutIsAsCelerysBeatHasIt() throws {
        let entry = try Self.entry("cron = \"0 4 * * mon\"")
        #expect(entry.timing == .crontab(try Crontab(line: "0 4 * * mon"), zone: "UTC"))
        #expect(entry.arguments == "[]" && entry.keywords == "{}" && entry.queue == "celery" && entry.priority == 0)
        #expect(entry.expires == nil && entry.isEnabled && entry.missed == MissedRuns(.once))
        #expect(entry.overlapTimeout == nil)
    }

    @Test func aCrontabCanBeATableOfCelerysFields() throws {
        let entry = try Self.entry(
            "cron = {minute = [0, 30], hour = 4, day_of_week = \"mon-fri\"}\ntimezone = \"Europe/Berlin\"")
        #expect(
            entry.timing
                == .crontab(try Crontab(minute: "0,30", hour: "4", dayOfWeek: "mon-fri"), zone: "Europe/Berlin"))
    }

    @Test(arguments: [
        ("", "1: 'x' has neither 'every' nor 'cron'"),
        ("every = \"1s\"\ncron = \"* * * * *\"", "3: 'every' and 'cron' exclude each other"),
        ("every = \"1ms\"", "3: 'every' must be whole milliseconds, at least \"10ms\""),
        ("every = \"100us\"", "3: 'every' must be whole milliseconds, at least \"10ms\""),
        ("every = 30", "3: 'every' must be a duration with a unit, such as \"30s\", not the integer 30"),
        ("every = \"1m\"\ntimezone = \"Europe/Berlin\"", "4: 'timezone' is useless without 'cron'"),
        ("cron = \"0 24 * * *\"", "3: 'cron': hour: 24 is not from 0 to 23"),
        ("cron = \"0 0 31 2 *\"", "3: 'cron': it never fires: no month 2 has a day 31"),
        ("cron = {houre = 4}", "3: a crontab has no field 'houre'; did you mean 'hour'?"),
        (
            "cron = {hour = 4.5}",
            "3: 'hour' must be a text, an integer or an array of integers, not a floating-point number"
        ),
        (
            "cron = 5",
            "3: 'cron' must be a crontab, such as \"0 4 * * mon\" or { hour = 4, day_of_week = \"mon\" }, not the integer 5"
        ),
        (
            "cron = \"* * * * *\"\ntimezone = \"../etc\"",
            "4: 'timezone' must be a time zone, such as \"Europe/Berlin\", not \"../etc\""
        ),
        ("every = \"1s\"\npriority = 10", "4: 'priority' must be from 0 to 9, not 10"),
        ("every = \"1s\"\nargs = [1979-05-27]", "4: 'args' can have what JSON has, and not a date"),
        ("every = \"1s\"\nargs = [inf]", "4: 'args' can have what JSON has, and not inf"),
        ("every = \"1s\"\nargs = {}", "4: 'args' must be an array, such as [2, \"x\"], not a table"),
        ("every = \"1s\"\nmissed = \"never\"", "4: 'missed' must be one of \"skip\", \"once\", \"all\", not \"never\""),
        ("every = \"1s\"\noverlap_timeout = \"1h\"", "4: 'overlap_timeout' is useless without overlap = \"skip\""),
        (
            "every = \"1s\"\nhard_time = \"1s\"",
            "4: 'hard_time' does not belong in [schedule.x]; it belongs in [limits] or [tasks]"
        ),
    ])
    func mistakesHaveTheirPlaces(text: String, message: String) {
        let found = errors("[schedule.x]\ntask = \"t\"\n" + text)
        #expect(found.count == 1)
        let line = (found.first ?? "").split(separator: ":", maxSplits: 3)
        #expect(line.count == 4 ? "\(line[1]):\(line[3])" == message : false, "\(found)")
    }

    @Test func anEntryNeedsATask() {
        #expect(errors("[schedule.x]\nevery = \"1s\"") == ["c.toml:1:11: 'x' has no 'task'"])
        #expect(errors("[schedule]\nevery = \"1s\"").first?.contains("[schedule.every] must be a table") == true)
    }

    // MARK: From code

    private static let code = CodeSchedule(
        name: "x", task: "t", timing: .crontab("0 4 * * *", timezone: "Europe/Berlin"), arguments: "[1]",
        keywords: "{}",
        options: ScheduleOptions(queue: "slow", skipsOverlap: .seconds(60)))

    private static func entries(_ text: String?, _ code: [CodeSchedule]) throws -> [ScheduleSettings] {
        try Settings.load(file: text.map { ("c.toml", $0) }, processors: 1, schedule: code).schedule
    }

    @Test func theFileGoesOverTheCode() throws {
        let plain = try #require(try Self.entries(nil, [Self.code]).first)
        #expect(plain.timing == .crontab(try Crontab(line: "0 4 * * *"), zone: "Europe/Berlin"))
        #expect(plain.queue == "slow" && plain.arguments == "[1]" && plain.overlapTimeout == .seconds(60))
        let text = "[schedule.x]\nevery = \"5s\"\nqueue = \"fast\""
        let changed = try #require(try Self.entries(text, [Self.code]).first)
        #expect(changed.timing == .every(.seconds(5)) && changed.queue == "fast" && changed.arguments == "[1]")
        #expect(try Self.entries("[schedule.x]\nenabled = false", [Self.code]).first?.isEnabled == false)
        #expect(try Self.entries("[schedule.a]\ntask = \"t\"\nevery = \"1s\"", [Self.code]).map(\.name) == ["a", "x"])
    }

    @Test func mistakesInCodeAreTold() {
        var code = Self.code
        code.timing = .crontab("0 4 * *", timezone: "UTC")
        code.options.priority = 12
        let error = #expect(throws: ConfigurationErrors.self) { try Self.entries(nil, [code]) }
        #expect(
            error?.errors.map(\.description).contains(
                "schedule 'x' in code: 'cron': a line has 5 fields (minute hour day month weekday), not 4") == true)
        #expect(
            error?.errors.map(\.description).contains(
                "schedule 'x' in code: 'priority' must be from 0 to 9, not 12") == true)
    }

    @Test func aZoneThatIsNotKnownHasItsPlace() throws {
        let entry = try Self.entry("cron = \"* * * * *\"\ntimezone = \"Europe/Berlim\"")
        let error = #expect(throws: ConfigurationErrors.self) {
            try entry.schedule { name throws(ZoneError) in throw ZoneError("there is none") }
        }
        #expect(error?.description == "c.toml:4:12: 'timezone': \"Europe/Berlim\": there is none")
        #expect(try Self.entry("every = \"5s\"").schedule { _ in .utc } == .interval(milliseconds: 5_000))
    }

    @Test func theExplanationHasTheEntry() throws {
        let text = try load("[schedule.x]\ntask = \"t\"\ncron = {hour = 4}\nargs = [1]")
            .explanation().text
        #expect(text.contains("[schedule.x]\ntask = \"t\"  # c.toml:2"))
        #expect(text.contains("args = [1]  # c.toml:4") && text.contains("cron = \"* 4 * * *\"  # c.toml:3"))
    }
}
