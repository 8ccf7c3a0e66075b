import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// A worker that cannot boot says why, and ends.
    @Suite struct BootTests {
        @Test(arguments: [
            ("preload-thread", "the template has 2 threads after preload"),
            ("preload-socket", "the template holds sockets after preload: descriptor"),
            ("preload-throws", "the model file is missing"),
            ("prepare-throws", "the model file is missing"),
            ("prepare-crashes", "ended by SIGABRT before it was ready"),
            ("prepare-exits", "exited with code 7 before it was ready"),
            ("prepare-hangs", "not ready within 200ms"),
            ("prepare-says-ready", "the sandbox basic is not in force: "),
        ])
        func workerThatCannotBootEndsWithTheReason(fault: String, reason: String) throws {
            let run = try Run(
                .fixture, ["-c", "1", "--boot-timeout", fault == "prepare-hangs" ? "200ms" : "10s"],
                [call("args.none", id: "a")], environment: ["ENGINE_FIXTURE": fault], within: 10)
            #expect(run.status == 3)
            #expect(run.outcomes.isEmpty, "the task may still be run by a worker that boots")
            let ends = run.program.records("worker.cannot.start")
            #expect(ends.count == 1)
            #expect(ends.first?["reason"]?.text?.contains(reason) == true, "\(run.errorText)")
            #expect(run.program.records("child.boot.failed").count <= 5)
        }
    }
}
