import Compression
import JSON
import Testing

@testable import Celery

@Suite struct ResultTests {
    @Test func everyFixtureIsThere() {
        #expect(Fixture.results.count == 99)
    }

    @Test(arguments: Fixture.results)
    func documentsAreWrittenAsTheyWereRead(_ fixture: Fixture) throws {
        let document = try ResultDocument(parsing: fixture.slice)
        #expect(String(decoding: document.serialized(), as: UTF8.self) == fixture.text)
        if document.state == .failure || document.state == .revoked {
            let failure = try #require(document.failure)
            #expect(try RawJSON(failure.value) == document.result)
        }
        #expect(document.state.isReady == (document.dateDone != nil))
    }

    private func document(_ name: String) throws -> ResultDocument {
        try ResultDocument(parsing: Fixture.named("results/\(name).json").slice)
    }

    @Test func documentsAreMadeAsCeleryMakesThem() throws {
        let success = try self.document("success")
        let date = try #require(success.dateDone)
        #expect(ResultDocument.success(success.taskID, result: RawJSON(5), at: date) == success)
        let limit = try self.document("failure-time-limit-float")
        let made = try ResultDocument.failure(
            limit.taskID, .timeLimitExceeded(JSONNumber("0.7")!), at: try #require(limit.dateDone))
        #expect(made == limit)
        let unknown = try self.document("failure-not-registered")
        let notRegistered = try ResultDocument.failure(
            unknown.taskID, .notRegistered("tasks.does_not_exist"), at: try #require(unknown.dateDone))
        #expect(notRegistered.result == unknown.result)
        let lost = try self.document("failure-worker-lost-sigkill")
        let message = try #require(lost.failure?.arguments.first?.asString)
        #expect(try RawJSON(TaskFailure.workerLost(message).value) == lost.result)
        let soft = try self.document("failure-soft-time-limit")
        #expect(soft.failure == .softTimeLimitExceeded)
        #expect(soft.traceback?.hasPrefix("Traceback (most recent call last):") == true)
        #expect(try self.document("rejected").failure?.type == TaskFailure.rejected("no").type)
        var expired = try self.document("revoked-expired")
        let revoked = ResultDocument.revoked(expired.taskID, .expired, at: try #require(expired.dateDone))
        expired.children = []
        #expect(revoked == expired)
        let retry = try self.document("retry-noexc-0-retry")
        #expect(try ResultDocument.retry(retry.taskID, nil, traceback: retry.traceback).result == retry.result)
        let started = try self.document("started-0-started")
        let pid = try #require(try started.result.value()["pid"]?.asInt)
        #expect(ResultDocument.started(started.taskID, pid: pid, node: "w1@host.example") == started)
    }

    @Test func extensionIsReadAndWritten() throws {
        var document = try self.document("extended-stamped")
        let extended = try #require(document.extended)
        #expect(extended.name == "tasks.add")
        #expect(extended.args.description == "[1, 2]")
        #expect(extended.stampedHeaders == ["tenant"])
        #expect(extended.stamps["tenant"]?.text == "acme")
        let before = document
        document.extended = nil
        #expect(document.extended == nil)
        document.extended = extended
        #expect(document == before)
    }

    @Test func childrenAreATree() throws {
        #expect(
            try self.document("children").children == [
                .task(id: "e5925b19-1a07-403a-809d-ebbe53cf0ac5", parent: nil)
            ])
    }

    @Test(arguments: ["results/group-saved.json", "results/group-saved-with-parent.json"])
    func savedGroupsAreWrittenAsTheyWereRead(_ name: String) throws {
        let fixture = try Fixture.named(name)
        let group = try SavedGroup(parsing: fixture.slice)
        #expect(try group.serialized() == fixture.bytes)
        guard case .group(_, _, let members) = group.group else {
            Issue.record("A saved group is a group.")
            return
        }
        #expect(members.count == 2)
    }

    @Test func compressedDocumentIsRead() throws {
        let fixture = try Fixture.named("results/compressed-zlib.bin")
        let document = try ResultDocument(parsing: fixture.slice)
        #expect(document.state == .success)
        let again = try CompressedResult.serialized(document.serialized()[...], .zlib)
        #expect(try ResultDocument(parsing: again[...]) == document)
        #expect(again == fixture.bytes)
    }

    @Test func messagePackDocumentIsWrittenAsItWasRead() throws {
        let fixture = try Fixture.named("results/serializer-msgpack.bin")
        let document = try ResultDocument(parsing: fixture.slice, serializer: .messagePack)
        #expect(try document.result.value()["k"]?.asArray?.count == 4)
        #expect(try document.serialized(.messagePack) == fixture.bytes)
    }

    @Test func documentsOfTheRPCBackendAreBodies() throws {
        let envelope = try Envelope(parsing: Fixture.named("results/rpc-message.json").slice)
        let document = try ResultDocument(parsing: BodyDecoder().payload(of: envelope))
        #expect(document.taskID == envelope.correlationID)
        #expect(document.result.integer == 5)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"status": "SUCCESS"}"#, #"{"task_id": "1"}"#, #"{"task_id": "1", "status": 1}"#,
        #"{"task_id": "1", "status": "S", "children": [1]}"#, #"{"task_id": "1", "status": "S", "children": {}}"#,
    ])
    func otherDocumentsAreRefused(_ json: String) {
        #expect(throws: BodyError.self) { try ResultDocument(parsing: Array(json.utf8)[...]) }
    }

    @Test func pickledDocumentsAreRefused() throws {
        let fixture = try Fixture.named("results/serializer-pickle.bin")
        for serializer in Serializer.allCases {
            #expect(throws: BodyError.self) { try ResultDocument(parsing: fixture.slice, serializer: serializer) }
        }
    }

    @Test func documentsAreReadAsYAML() throws {
        let fixture = try Fixture.named("results/serializer-yaml.bin")
        let document = try ResultDocument(parsing: fixture.slice, serializer: .yaml)
        #expect(document.state == .success)
        #expect(try document.result.value()["k"]?.asArray?.count == 4)
        let again = try ResultDocument(parsing: document.serialized(.yaml)[...], serializer: .yaml)
        #expect(again == document)
    }

    @Test(arguments: [("", ""), ("pfx", "pfx_"), ("pfx:", "pfx:"), ("a_", "a_"), ("a-", "a-"), ("a.", "a.")])
    func keysHaveThePrefix(_ global: String, _ prefix: String) {
        let keys = ResultKeys(globalPrefix: global)
        #expect(keys.task("1") == prefix + "celery-task-meta-1")
        #expect(keys.group("2") == prefix + "celery-taskset-meta-2")
    }

    @Test func textIsTheOnlyArgument() {
        let failure = TaskFailure(["exc_type": "E", "exc_message": "oh", "exc_module": nil])
        #expect(failure == TaskFailure(type: "E", arguments: ["oh"], module: nil))
        #expect(TaskFailure(["k": 1]) == nil)
    }
}
