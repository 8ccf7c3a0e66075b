import EngineSupport
import JSON
import Testing

extension AcceptanceTests {
    /// Tasks that others have ordered: links, errbacks, chains.
    @Suite struct WorkflowTests {
        let installation: Installation
        let worker: TestedWorker
        private var client: CeleryClient { self.installation.client }

        init() throws {
            self.installation = try Installation()
            self.worker = try TestedWorker(self.installation.server)
        }

        /// A signature whose result can be waited for under its own name.
        private func named(
            _ id: String, _ task: String, _ arguments: JSONValue..., immutable: Bool = false
        ) -> JSONValue {
            .object(
                CeleryClient.signature(task, arguments, immutable: immutable, options: ["task_id": .string(id)]))
        }

        @Test func linkedTasksGetTheResult() throws {
            let links: [JSONValue] = [
                self.named("first", "tasks.add", 10), self.named("second", "tasks.mul", 10),
                self.named("third", "tasks.add", 5, 6, immutable: true),
            ]
            let id = try self.client.send("tasks.add", 1, 2, options: ["link": .array(links)])
            #expect(try self.client.result(id).value == 3)
            #expect(try self.client.result("first").value == 13)
            #expect(try self.client.result("second").value == 30)
            #expect(try self.client.result("third").value == 11)
        }

        @Test func errbackGetsTheIdOfTheFailedTask() throws {
            let options: JSONObject = [
                "link": [self.named("success", "tasks.identity")],
                "link_error": [self.named("error", "tasks.identity")],
            ]
            let id = try self.client.send("tasks.fail", "for the errback", options: options)
            #expect(try self.client.result(id).state == "FAILURE")
            #expect(try self.client.result("error").value == .string(id))
            #expect(try self.client.state("success") == "PENDING")
        }

        @Test func chainPassesResultsOn() throws {
            let ids = try self.client.sendChain(
                CeleryClient.signature("tasks.add", [1, 2]), CeleryClient.signature("tasks.mul", [5]),
                CeleryClient.signature("tasks.add", [100, 1], immutable: true),
                CeleryClient.signature("tasks.retry_once"), CeleryClient.signature("tasks.add", [1]))
            #expect(try self.client.result(ids[4]).value == 102)
            #expect(try self.client.result(ids[0]).value == 3)
            #expect(try self.client.result(ids[1]).value == 15)
        }

        /// A worker that publishes the next step to a list that it watches hears of it at once; looking by itself, a
        /// second later, would take eleven seconds.
        @Test func idleWorkerTakesWhatItHasPublished() throws {
            let start = ContinuousClock.now
            let steps =
                [CeleryClient.signature("tasks.add", [1, 2])]
                + (0..<11).map { _ in CeleryClient.signature("tasks.add", [1]) }
            let ids = try self.client.sendChain(steps)
            #expect(try self.client.result(ids[11]).value == 14)
            #expect(ContinuousClock.now - start < .seconds(8))
        }

        /// One script takes a message, one ends it: what a worker changes itself must not make it look again. The rest is for
        /// signs of life.
        @Test func idleWorkerAsksOnceForAMessage() throws {
            _ = try self.client.result(self.client.send("tasks.add", 1, 2))
            let before = try self.installation.server.calls(of: "evalsha")
            for _ in 0..<20 {
                let id = try self.client.send("tasks.add", 1, 2)
                #expect(try self.client.result(id).state == "SUCCESS")
            }
            #expect(try self.installation.server.calls(of: "evalsha") - before <= 2 * 20 + 10)
        }

        @Test func failedStepFailsTheRestOfItsChain() throws {
            let ids = try self.client.sendChain(
                CeleryClient.signature("tasks.identity", ["in the chain"]), CeleryClient.signature("tasks.fail"),
                CeleryClient.signature("tasks.identity"), CeleryClient.signature("tasks.identity"))
            #expect(try self.client.result(ids[0]).state == "SUCCESS")
            for id in ids.dropFirst() {
                let result = try self.client.result(id)
                #expect(result.state == "FAILURE")
                #expect(result.exception?.message == "in the chain")
            }
        }
    }
}
