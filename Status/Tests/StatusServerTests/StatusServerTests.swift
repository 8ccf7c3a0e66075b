import Foundation
import StatusServer
import Testing
import WorkerStatus

@Suite(.timeLimit(.minutes(1))) struct StatusServerTests {
    private let bearer = "Bearer \(Place.token)"

    @Test func probesNeedNoTokenAndTellNothing() async throws {
        let answer = try snapshotAnswer()
        let worker = try await FakeWorker { $0.contains("ping") ? #"{"w@here": {"ok": "pong"}}"# : answer }
        try await Place.serve(worker.path) { place in
            let live = try await place.get("/live")
            #expect((live.status, live.text) == (200, "ok"))
            let ready = try await place.get("/ready")
            #expect((ready.status, ready.text) == (200, "consuming\n"))
        }
        #expect(worker.asked.first == #"{"method": "ping"}"# + "\n", "a probe costs the worker one line")
        try await worker.stop()
    }

    @Test(arguments: WorkerState.allCases) func onlyWorkersThatConsumeAreReady(_ state: WorkerState) async throws {
        let answer = try snapshotAnswer(state)
        let worker = try await FakeWorker { _ in answer }
        try await Place.serve(worker.path) { place in
            let (ready, live) = (try await place.get("/ready"), try await place.get("/live"))
            #expect(ready.status == (state == .consuming ? 200 : 503))
            #expect(live.status == 200)
        }
        try await worker.stop()
    }

    @Test func everythingElseNeedsTheToken() async throws {
        let answer = try snapshotAnswer()
        let worker = try await FakeWorker { _ in answer }
        let basic = Data("anybody:\(Place.token)".utf8).base64EncodedString()
        try await Place.serve(worker.path) { place in
            for path in ["/metrics", "/snapshot.json", "/"] {
                for wrong in [nil, "Bearer 0123456789abcdeF", "Bearer", "Basic !", "Bearer \(Place.token)x"] {
                    let refused = try await place.get(path, authorization: wrong)
                    #expect(refused.status == 401, "\(path) \(wrong ?? "")")
                    #expect(!refused.text.contains("w@here"))
                }
                #expect(try await place.get(path, authorization: "Basic \(basic)").status == 200)
            }
            let metrics = try await place.get("/metrics", authorization: bearer)
            #expect(metrics.text.contains("celeriac_messages_taken_total 7\n"))
            #expect(metrics.headers["content-type"] == PrometheusText.mediaType)
            let json = try await place.get("/snapshot.json", authorization: bearer)
            let snapshot = try JSONDecoder().decode(WorkerSnapshot.self, from: Data(json.text.utf8))
            #expect(snapshot.worker.name == "w@here")
        }
        try await worker.stop()
    }

    @Test func thePageMayRunItsOwnScriptOnly() async throws {
        try await Place.serve("/nowhere") { place in
            let first = try await place.get("/", authorization: bearer)
            let policy = try #require(first.headers["content-security-policy"])
            let nonce = try #require(policy.split(separator: "'").first { $0.hasPrefix("nonce-") }).dropFirst(6)
            #expect(first.text.contains("<script nonce=\"\(nonce)\">"))
            let second = try await place.get("/", authorization: bearer)
            #expect(!second.text.contains(nonce), "a new one for each answer")
        }
    }

    @Test func workersThatAreNotThereAreTold() async throws {
        try await Place.serve("/nowhere") { place in
            for path in ["/live", "/ready", "/metrics", "/snapshot.json"] {
                let answer = try await place.get(path, authorization: bearer)
                #expect(answer.status == 503)
                #expect(answer.text.contains("no worker answers at /nowhere"))
            }
        }
    }

    /// The loop does not turn: the connection is taken by the kernel, and nobody reads it.
    @Test func workersThatHangAreNotAlive() async throws {
        let worker = try await FakeWorker { _ in nil }
        try await Place.serve(worker.path, patience: .milliseconds(100)) { place in
            let answer = try await place.get("/live")
            #expect(answer.status == 503)
            #expect(answer.text.contains("has not answered within"))
        }
        try await worker.stop()
    }

    @Test func nonsenseIsNotShown() async throws {
        let worker = try await FakeWorker { _ in #"{"w@here": {"error": "KeyError"}}"# }
        try await Place.serve(worker.path) { place in
            let answer = try await place.get("/metrics", authorization: bearer)
            #expect(answer.status == 503)
            #expect(answer.text.contains("cannot be read"))
        }
        try await worker.stop()
    }

    /// However many look, the worker is asked once.
    @Test func answersAreShared() async throws {
        let answer = try snapshotAnswer()
        let fake = try await FakeWorker { _ in answer }
        let worker = Worker(WorkerLink(path: fake.path))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await worker.snapshot(["tasks"]).worker.name } }
            for try await name in group { #expect(name == "w@here") }
        }
        #expect(fake.asked.count <= 2, "within half a second one is enough")
        try await fake.stop()
    }

    @Test func placesToListenAtAreRead() throws {
        #expect(try ListenPlace("/run/x.socket").isLocalSocket)
        #expect(try !ListenPlace("127.0.0.1:80").isLocalSocket)
        #expect(try !ListenPlace("[::1]:80").isLocalSocket)
        for wrong in ["", "9808", ":9808", "here:", "here:99999", "here"] {
            #expect(throws: ListenPlace.Mistake.self) { try ListenPlace(wrong) }
        }
        #expect(Token("short") == nil)
        #expect(Token("  0123456789abcdef\n")?.isIn("bearer 0123456789abcdef") == true)
    }
}
