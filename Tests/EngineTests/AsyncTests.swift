import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// Async tasks, notices and retries.
    @Suite struct AsyncTests {
        @Test func asyncTasksRunTogetherInOneChild() throws {
            let lines = (0..<5).map { call("probe.interval", 0.3, id: "\($0)") }
            let run = try Run(.fixture, ["-c", "1", "--child-concurrency", "5"], lines)
            #expect(Set(run.outcomes.compactMap(\.pid)).count == 1)
            let intervals = run.outcomes.compactMap { $0.result?.elements.compactMap(\.double) }
            try #require(intervals.count == 5)
            #expect(intervals.map { $0[0] }.max()! < intervals.map { $0[1] }.min()!, "all ran at one time")
        }

        @Test func asyncTaskRunsAloneByDefault() throws {
            let lines = (0..<3).map { call("probe.interval", 0.05, id: "\($0)") }
            let run = try Run(.fixture, ["-c", "1"], lines)
            let intervals = run.outcomes.compactMap { $0.result?.elements.compactMap(\.double) }
            try #require(intervals.count == 3)
            #expect(zip(intervals, intervals.dropFirst()).allSatisfy { $0[1] <= $1[0] })
        }

        @Test func softLimitCancelsAnAsyncTaskAndItsChildIsReplaced() throws {
            let limit: JSONObject = ["limits": ["soft_time": "200ms"]]
            let run = try Run(
                .fixture, ["-c", "1"],
                [
                    call("args.none", id: "before"), call("probe.interval", 30, id: "a", with: limit),
                    call("args.none", id: "after"),
                ])
            let outcome = run["a"]
            #expect(outcome.errorType == "SoftTimeLimitExceeded")
            #expect(outcome.cause == "soft_time")
            #expect(outcome.message.contains("CancellationError"))
            #expect(outcome.runtime ?? 9 <= 0.45)
            #expect(run["before"].pid == outcome.pid)
            #expect(run["after"].pid != outcome.pid)
            #expect(run.program.records("child.recycled").contains { $0["reason"] == "tainted" })
        }

        @Test func taskThatHeedsTheNoticeSucceeds() throws {
            let limits: JSONObject = ["limits": ["soft_time": "200ms", "hard_time": "10s"]]
            let run = try Run(
                .fixture, ["-c", "1"], [call("probe.poll", id: "a", with: limits), call("args.none", id: "after")])
            #expect(run.status == 0)
            #expect(run["a"].result == "told")
            #expect(run["a"].runtime ?? 9 <= 0.45)
            #expect(run["after"].pid != run["a"].pid, "its child is not used again")
        }

        @Test func peakMemoryIsReported() throws {
            let run = try Run(.demo, ["-c", "1"], [call("demo.allocate", 100, id: "a")])
            #expect(run.status == 0)
            #expect(run["a"].json["peak_memory"]?.integer ?? 0 >= 100 << 20)
        }

        @Test func retryRunsAgainAfterItsWait() throws {
            let program = try Program(run: .demo, ["-c", "1"])
            program.send(call("tasks.retry_once", 7, id: "a"))
            let outcome = try program.outcome("a")
            #expect(outcome.result == 7 && outcome.attempts == 2)
            #expect(try program.finish() == 0)
            #expect(program.records("task.retry").first?["wait"] == "300ms")
            #expect(program.outcomes.count == 1)
        }

        @Test func retriesEnd() throws {
            let run = try Run(
                .fixture, ["--max-retries", "2"], [call("probe.retry", id: "a"), call("probe.reject", id: "b")])
            #expect(run["a"].errorType == "MaxRetriesExceededError")
            #expect(run["a"].message == "retried 2 times; the last reason: attempt 3")
            #expect(run["a"].attempts == 3)
            #expect(run["b"].state == "REJECTED")
            #expect(run["b"].message == "not wanted")
            #expect(run.status == 1)
        }

        @Test func failureIsRetriedWhenTheSettingsSaySo() throws {
            let run = try Run(
                .demo, ["--automatic", "true", "--max-retries", "2", "--backoff", "10ms", "--jitter", "false"],
                [call("tasks.fail", "no luck", id: "a")])
            #expect(run["a"].attempts == 3)
            #expect(run["a"].errorType == "DemoError")
            #expect(run["a"].message == "no luck")
        }

        @Test func followUpsRunOnceTheirTaskHasSucceeded() throws {
            let run = try Run(
                .fixture, [],
                [
                    call("probe.publish", 3, id: "a"), call("probe.publish", 3, true, id: "fails"),
                    call("probe.publish_later", id: "later"),
                ])
            let greetings = run.outcomes.filter { $0.task == "args.named" }.compactMap(\.result?.text)
            #expect(greetings.sorted() == (0..<3).map { "Hello, a! (\($0))" })
            let (later, clock) = (run["later"], run.outcomes.filter { $0.task == "probe.clock" })
            try #require(clock.count == 1)
            #expect(clock[0].arrival - later.arrival > 250_000_000)
        }

        @Test func demoPublishes() throws {
            let run = try Run(.demo, [], [call("demo.publish", "tasks.add", [20, 22], id: "a")])
            #expect(run.status == 0 && run.outcomes.count == 2)
            #expect(run.outcomes.first { $0.task == "tasks.add" }?.result == 42)
            #expect(run.order.first == "a")
        }
    }
}
