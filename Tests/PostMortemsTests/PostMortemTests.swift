import JSON
import PostMortems
import Supervision
import Testing

@Suite struct PostMortemTests {
    @Test func whatIsNotKnownIsLeftOut() {
        let object = PostMortem(cause: .killed).json
        #expect(object.keys == ["cause", "text", "limits", "usage"])
        #expect(object["cause"] == "killed")
    }

    @Test func limitsAreWrittenAsTheConfigurationWritesThem() {
        var postMortem = PostMortem(cause: nil)
        postMortem.limits.hardTime = .seconds(90)
        postMortem.limits.memory = .mebibytes(64)
        let limits = postMortem.json["limits"]
        #expect(limits?["hard_time"] == "1m30s")
        #expect(limits?["memory"] == "64MiB")
        #expect(limits?["soft_time"] == nil)
    }

    @Test func everythingKnownIsInTheObject() {
        let object = Self.full.json
        for key in [
            "exit", "told", "losses", "phase", "breadcrumbs", "lost_breadcrumbs", "processes", "stack", "hints",
        ] {
            #expect(object[key] != nil, "\(key)")
        }
        #expect(object["breadcrumbs"] == [["time": 0.25, "text": "opened"]])
        #expect(object["usage"]?["child_cpu"] == 1.5)
    }

    static var full: PostMortem {
        var postMortem = PostMortem(cause: .hardTime(limit: .seconds(2)))
        postMortem.exit = "SIGKILL by the worker"
        postMortem.notice = .softTime
        postMortem.losses = 1
        postMortem.usage.memory = .mebibytes(12)
        postMortem.usage.childCPU = .milliseconds(1_500)
        postMortem.phase = "in the task"
        postMortem.breadcrumbs = [PostMortem.Breadcrumb(time: .milliseconds(250), text: "opened")]
        postMortem.lostBreadcrumbs = 3
        postMortem.processes = [.init(pid: 7, name: "celeriac-child", state: "sleeping", wait: "futex")]
        postMortem.stack = ["thread 7", "  hang() (main.swift:3:5)"]
        postMortem.hints = ["look there"]
        return postMortem
    }
}

@Suite struct CertificateTests {
    private static let record: JSONObject = [
        "id": "a", "task": "t", "state": "FAILURE", "attempts": 2, "pid": 7, "runtime": 2.01,
        "error": ["type": "TimeLimitExceeded", "message": "hard time limit of 2s", "cause": "hard_time"],
        "last_output": "one\ntwo", "post_mortem": .object(PostMortemTests.full.json),
    ]

    @Test func aRecordIsReadable() {
        let text = Certificate(Self.record).lines.joined(separator: "\n")
        #expect(text == Self.expected)
    }

    private static let expected = """
        task         t [a]
        state        FAILURE
        error        TimeLimitExceeded: hard time limit of 2s
        cause        hard_time: hard time limit of 2s
        ended by     SIGKILL by the worker
        attempt      2, child 7, alone, after 1 lost
        told before  soft_time
        ran for      2.01 s
        used         12582912 B of memory, 0 B of output, 1.5 s of CPU in the child's life
        limits       output 16MiB, result 64MiB
        phase        in the task

        breadcrumbs
          … 3 earlier ones were overwritten …
          +0.25 s  opened

        processes
          7 celeriac-child sleeping in futex

        stack
          thread 7
            hang() (main.swift:3:5)

        last output
          one
          two

        hints
          look there
        """

    @Test func aRecordOfOtherTypesIsReadAsFarAsItGoes() {
        let odd: JSONObject = [
            "id": 3, "error": "none", "post_mortem": ["breadcrumbs": [1, ["text": "x"]], "stack": "y", "limits": []],
            "runtime": "long", "last_output": .null,
        ]
        #expect(Certificate(odd).lines == ["", "breadcrumbs", "  x"])
        #expect(Certificate([:]).lines == [])
    }
}

@Suite struct HintTests {
    private static var limits: TaskLimits {
        var limits = TaskLimits()
        limits.openFiles = 5
        limits.fileSize = .kibibytes(16)
        return limits
    }

    @Test(arguments: [
        ("open: Too many open files", "open_files allows 5 descriptors"),
        ("write: File too large", "file_size allows files of 16KiB"),
        ("mount: Operation not permitted", "a file's mode, or a sandbox profile, may forbid this"),
    ])
    func wordsOfAnErrorLeadToItsLimit(message: String, hint: String) {
        #expect(Hints.about(message, limits: Self.limits) == [hint])
    }

    @Test func aLimitThatIsNotInForceIsNoHint() {
        #expect(Hints.about("Too many open files", limits: TaskLimits()) == [])
        #expect(Hints.about("no such customer", limits: Self.limits) == [])
    }
}
