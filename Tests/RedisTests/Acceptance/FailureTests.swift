import EngineSupport
import JSON
import Testing

extension AcceptanceTests {
    /// Tasks that do not succeed, as Python sees them.
    @Suite struct FailureTests {
        let installation: Installation
        let worker: TestedWorker

        init() throws {
            self.installation = try Installation()
            self.worker = try TestedWorker(self.installation.server)
        }

        private func exception(_ id: String) throws -> PythonException {
            let result = try self.installation.client.result(id)
            #expect(result.state == "FAILURE")
            return try #require(result.exception)
        }

        @Test func thrownErrorHasItsTypeAndMessage() throws {
            let exception = try self.exception(self.installation.client.send("tasks.fail", "as asked, é"))
            #expect(exception.type == (TestedWorker.isCelery ? "ValueError" : "DemoError"))
            #expect(exception.message == "as asked, é")
            #expect(exception.arguments == ["as asked, é"])
        }

        @Test func unknownTaskIsNotRegistered() throws {
            let exception = try self.exception(self.installation.client.send("tasks.unheard_of"))
            #expect((exception.module, exception.type) == ("celery.exceptions", "NotRegistered"))
            #expect(exception.message.contains("tasks.unheard_of"))
            let id = try self.installation.client.send("tasks.add", 1, 2)
            #expect(try self.installation.client.result(id).value == 3)
        }

        @Test func wrongArgumentsFailTheTask() throws {
            // The other way of sending would notice it in the client, which knows the task as well.
            let exception = try self.exception(self.installation.client.send("tasks.mul", expression: "1").id)
            #expect(exception.message.contains("y"), "it names what is missing")
        }

        @Test func retriedTaskSucceeds() throws {
            let id = try self.installation.client.send("tasks.retry_once", "again")
            let result = try self.installation.client.result(id)
            #expect(result.value == "again")
            #expect(result.state == "SUCCESS")
            try wait(for: "everything to be acknowledged") { try self.installation.isDrained() }
        }

        @Test func hardTimeLimitEndsTheTask() throws {
            let id = try self.installation.client.send("tasks.sleep", 60, options: ["time_limit": 0.5])
            let exception = try self.exception(id)
            #expect((exception.module, exception.type) == ("billiard.exceptions", "TimeLimitExceeded"))
            #expect(exception.arguments == [0.5])
            let next = try self.installation.client.send("tasks.add", 1, 2)
            #expect(try self.installation.client.result(next).value == 3)
            try wait(for: "everything to be acknowledged") { try self.installation.isDrained() }
        }

        @Test func softTimeLimitTellsTheTask() throws {
            let options: JSONObject = ["time_limit": 30, "soft_time_limit": 0.5]
            let id = try self.installation.client.send("tasks.sleep", 60, options: options)
            let exception = try self.exception(id)
            #expect((exception.module, exception.type) == ("billiard.exceptions", "SoftTimeLimitExceeded"))
        }

        @Test func expiredTaskIsRevoked() throws {
            let id = try self.installation.client.send("tasks.add", 1, 2, options: ["expires": -1])
            let result = try self.installation.client.result(id)
            #expect(result.state == "REVOKED")
            let exception = try #require(result.exception)
            #expect((exception.module, exception.type) == ("celery.exceptions", "TaskRevokedError"))
            #expect(exception.message == "expired")
            try wait(for: "everything to be acknowledged") { try self.installation.isDrained() }
        }

        @Test func taskThatExpiresWhileItWaitsIsRevoked() throws {
            let client = self.installation.client
            let busy = try (0..<2).map { _ in try client.send("tasks.sleep", 3) }
            let late = try client.send("tasks.add", 1, 2, options: ["expires": 0.5])
            #expect(try client.result(late).state == "REVOKED")
            for id in busy { #expect(try client.result(id).state == "SUCCESS") }
        }
    }
}
