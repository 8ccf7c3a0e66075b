import Celeriac
import CeleriacTesting
import Testing

/// Tasks run in the test's process as they run in a child.
@Suite struct InlineRunnerTests {
    private struct Size: Codable {
        var width: Int
        var height: Int?
    }

    private struct TooLarge: Error, CustomStringConvertible {
        let description = "too large"
    }

    private static var worker: Worker {
        var worker = Worker()
        worker.task("add", parameters: "x", Parameter("y", default: 10)) { (x: Int, y: Int) in x + y }
        worker.task("area") { (size: Size) in size.width * (size.height ?? 1) }
        worker.task("nap") { (context: TaskContext) async throws -> String in
            try await Task.sleep(for: .milliseconds(1))
            return "\(context.id), attempt \(context.attempt)"
        }
        worker.task("fails") { () throws in throw TooLarge() }
        worker.task("retries") { (context: TaskContext) throws in
            throw context.retry(after: .seconds(3), reason: "later")
        }
        worker.task("rejects") { (context: TaskContext) throws in throw context.reject("not for us") }
        worker.task("talks") { (context: TaskContext) throws -> Int in
            context.logger.warning("it is late", metadata: ["hour": "3"])
            try context.publish("add", arguments: [1], keywords: ["y": 2], countdown: .milliseconds(1_500))
            try context.publish("nap")
            return 1
        }
        worker.task("heeds") { (context: TaskContext) throws -> Int in
            try context.checkCancellation()
            return context.timeLeft.map { $0 > .seconds(50) && $0 < .seconds(61) ? 1 : 2 } ?? 0
        }
        return worker
    }

    private func outcome(
        _ task: String, _ arguments: Int..., keywords: [String: any Encodable] = [:]
    ) async throws -> InlineRun.Outcome {
        let runner = InlineRunner(Self.worker)
        switch arguments.count {
        case 0: return try await runner.run(task, keywords: keywords).outcome
        case 1: return try await runner.run(task, arguments[0], keywords: keywords).outcome
        default: return try await runner.run(task, arguments[0], arguments[1], keywords: keywords).outcome
        }
    }

    @Test func argumentsArriveByPlaceNameAndDefault() async throws {
        #expect(try await self.outcome("add", 1, 2) == .success(3))
        #expect(try await self.outcome("add", 1) == .success(11))
        #expect(try await self.outcome("add", keywords: ["y": 5, "x": 4]) == .success(9))
        #expect(try await self.outcome("area", keywords: ["width": 6, "height": 7]) == .success(42))
    }

    @Test func argumentsThatDoNotFitAreTheWorkersError() async throws {
        guard case .failure("ArgumentError", let message) = try await self.outcome("add", keywords: ["z": 1]) else {
            Issue.record("it must fail")
            return
        }
        #expect(message == "unexpected keyword argument 'z'; the task takes x, y")
        guard case .failure("ArgumentError", _) = try await InlineRunner(Self.worker).run("add", "one").outcome else {
            Issue.record("a text is no number")
            return
        }
    }

    @Test func endsAreThoseOfAnAttempt() async throws {
        #expect(try await self.outcome("fails") == .failure(type: "TooLarge", message: "too large"))
        #expect(try await self.outcome("retries") == .retry(after: .seconds(3), reason: "later"))
        #expect(try await self.outcome("rejects") == .rejected(reason: "not for us"))
    }

    @Test func contextTellsWhatTheTestSays() async throws {
        let runner = InlineRunner(Self.worker)
        #expect(try await runner.run("nap", id: "n1", attempt: 4).outcome == .success("n1, attempt 4"))
        #expect(try await runner.run("heeds").outcome == .success(0))
        #expect(try await runner.run("heeds", softTime: .seconds(60)).outcome == .success(1))
        guard case .failure("CancellationError", _) = try await runner.run("heeds", isCancelled: true).outcome else {
            Issue.record("it was told to stop")
            return
        }
    }

    @Test func whatItPublishesAndLogsIsSeen() async throws {
        let run = try await InlineRunner(Self.worker).run("talks")
        #expect(run.outcome == .success(1))
        #expect(run.published.map(\.task) == ["add", "nap"])
        #expect(run.published[0].arguments == [1] && run.published[0].keywords["y"] == 2)
        #expect(run.published.map(\.countdown) == [1.5, nil])
        #expect(run.log == ["it is late hour=3"])
    }

    @Test func unknownTaskIsAnErrorOfTheTest() async throws {
        await #expect(throws: UnknownTask.self) { try await self.outcome("ad") }
    }
}
