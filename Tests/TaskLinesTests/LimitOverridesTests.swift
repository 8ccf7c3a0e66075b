import Supervision
import TaskLines
import Testing

@Suite struct LimitOverridesTests {
    private func parse(_ limits: String) throws(TaskLineError) -> LimitOverrides {
        try TaskLine(parsing: Array(#"{"task":"t","limits":\#(limits)}"#.utf8)[...])!.limits
    }

    @Test func everyLimitIsReplaced() throws {
        let overrides = try self.parse(
            #"""
            {"soft_time":"2s","hard_time":"1m30s","soft_cpu_time":"500ms","hard_cpu_time":"1.5s","memory":"64MiB","open_files":32,
            "processes":0,"file_size":"0B","output":"1MB","result":"2KiB"}
            """#
        )
        let limits = overrides.applied(to: TaskLimits())
        #expect(limits.softTime == .seconds(2))
        #expect(limits.hardTime == .seconds(90))
        #expect(limits.softCPUTime == .milliseconds(500))
        #expect(limits.hardCPUTime == .milliseconds(1500))
        #expect(limits.memory == .mebibytes(64))
        #expect(limits.openFiles == 32)
        #expect(limits.processes == 0)
        #expect(limits.fileSize == ByteCount(bytes: 0))
        #expect(limits.output == ByteCount(bytes: 1_000_000))
        #expect(limits.result == .kibibytes(2))
    }

    @Test func nullLiftsALimit() throws {
        var configured = TaskLimits()
        configured.softTime = .seconds(1)
        configured.memory = .mebibytes(1)
        configured.openFiles = 10
        let limits = try self.parse(#"{"soft_time":null,"memory":null}"#).applied(to: configured)
        #expect(limits.softTime == nil)
        #expect(limits.memory == nil)
        #expect(limits.openFiles == 10)
    }

    @Test func nothingIsInheritedUnchanged() throws {
        var configured = TaskLimits()
        configured.hardTime = .seconds(1)
        configured.output = .kibibytes(1)
        #expect(try self.parse("{}").applied(to: configured) == configured)
        #expect(LimitOverrides().applied(to: configured) == configured)
    }

    @Test(arguments: [
        (
            #"{"soft_time":"30"}"#, 35,
            "\"soft_time\" is wrong: \"30\" has no unit; the units are ns, us, ms, s, m, h and d, as in \"1.5s\" or \"1h30m\""
        ),
        (#"{"soft_time":30}"#, 35, "\"soft_time\" must be a string with a unit, not 30"),
        (#"{"hard_time":"0s"}"#, 35, "\"hard_time\" must be longer than zero"),
        (#"{"memory":"0B"}"#, 32, "\"memory\" must be more than zero"),
        (
            #"{"memory":"64M"}"#, 32,
            "\"memory\" is wrong: \"64M\" has an unknown unit; the units are B, KiB, MiB, GiB, TiB, kB, MB, GB and TB, as in \"64MiB\""
        ),
        (#"{"output":null}"#, 32, "\"output\" cannot be unlimited"),
        (#"{"result":null}"#, 32, "\"result\" cannot be unlimited"),
        (#"{"open_files":-1}"#, 36, "\"open_files\" must be an integer from 0 up, not -1"),
        (#"{"hardtime":"1s"}"#, 24, "unknown field \"hardtime\"; did you mean \"hard_time\"?"),
        (#"{"memory":"1B","memory":"2B"}"#, 38, "\"memory\" is there twice"),
        ("[]", 22, "\"limits\" must be an object, not array"),
    ])
    func wrongLimitsSayWhereAndWhy(limits: String, column: Int, message: String) {
        #expect(throws: TaskLineError(message: message, column: column)) { try self.parse(limits) }
    }
}
