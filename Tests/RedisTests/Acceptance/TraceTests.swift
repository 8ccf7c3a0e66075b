import EngineSupport
import Foundation
import JSON
import Testing

extension AcceptanceTests {
    /// Traces that a Python application begins: they go on through the worker, and whoever collects spans sees them.
    @Suite(.enabled(if: !TestedWorker.isCelery)) struct TraceTests {
        private static let trace = "0af7651916cd43dd8448eb211c80319c"
        private static let parent = "b7ad6b7169203331"
        private let installation: Installation
        private let collector: DatagramListener

        init() throws {
            self.installation = try Installation()
            self.collector = DatagramListener("/tmp/spans-\(UInt32.random(in: .min ... .max))")
        }

        private func worker(_ arguments: String...) throws -> TestedWorker {
            let socket = "[worker]\ntrace_socket = \"\(self.collector.name)\"\n"
            return try TestedWorker(
                PeerConnection(self.installation.server), arguments: arguments, configuration: socket)
        }

        private static func headers(flags: String = "01") -> JSONObject {
            ["headers": ["traceparent": .string("00-\(self.trace)-\(self.parent)-\(flags)"), "tracestate": "v=1"]]
        }

        private var spans: [JSONValue] {
            self.collector.listen().flatMap { $0.split(separator: "\n") }.compactMap {
                try? JSONValue(parsing: $0.utf8)
            }
        }

        private func spans(_ count: Int, of worker: TestedWorker) throws -> [JSONValue] {
            try worker.program.wait(for: "\(count) spans") { self.spans.count >= count }
            return self.spans
        }

        @Test func chainsStayInTheTraceOfWhoeverSentThem() throws {
            let worker = try self.worker()
            let ids = try self.installation.client.sendChain(
                CeleryClient.signature("tasks.add", [1, 2], options: Self.headers()),
                CeleryClient.signature("tasks.retry_once"), CeleryClient.signature("tasks.mul", [5]))
            #expect(try self.installation.client.result(ids[2]).value == 15)
            // Each attempt has waited and run, and the second task was tried twice.
            let spans = try self.spans(8, of: worker)
            #expect(spans.count == 8)
            #expect(spans.allSatisfy { $0["traceId"]?.text == Self.trace })
            let runs = spans.filter { $0["name"]?.text?.hasPrefix("run/") == true }
            #expect(
                runs.map { $0["name"]?.text } == [
                    "run/tasks.add", "run/tasks.retry_once", "run/tasks.retry_once", "run/tasks.mul",
                ])
            // A retry is sent by its first attempt's sender, the next step by the attempt that succeeded.
            let own = runs.map { $0["spanId"]?.text }
            #expect(Set(own).count == 4)
            #expect(runs.map { $0["parentSpanId"]?.text } == [Self.parent, own[0], own[0], own[2]])
            #expect(runs.map { Self.attribute("celery.state", $0) } == ["SUCCESS", "RETRY", "SUCCESS", "SUCCESS"])
            #expect(Self.attribute("messaging.message.id", runs[3]) == ids[2])
            for span in spans {
                let (start, end) = (Self.time("start", span), Self.time("end", span))
                #expect(start <= end && abs(end - Date().timeIntervalSince1970) < 60)
            }
        }

        @Test func chordsStayInTheTrace() throws {
            let worker = try self.worker()
            let header = [1, 2].map { number -> JSONValue in
                ["task": "tasks.identity", "args": [.number(JSONNumber(number))], "options": .object(Self.headers())]
            }
            let sent = try self.installation.client.sendWorkflow([
                "chord": .array(header), "body": ["task": "tasks.xsum"],
            ])
            #expect(try self.installation.client.workflowResult(sent).value == 3)
            let spans = try self.spans(6, of: worker)
            #expect(spans.count == 6, "the join has no span of its own")
            #expect(spans.allSatisfy { $0["traceId"]?.text == Self.trace })
            let body = try #require(spans.first { $0["name"]?.text == "run/tasks.xsum" })
            let members = spans.filter { $0["name"]?.text == "run/tasks.identity" }.compactMap { $0["spanId"]?.text }
            #expect(members.contains(body["parentSpanId"]?.text ?? ""), "the part that returned last sent it")
        }

        @Test func lossesAndFailuresAreErrorsOfTheirSpans() throws {
            let worker = try self.worker("--max-losses", "1", "--log-format", "json")
            let failed = try self.installation.client.send("tasks.fail", "on purpose", options: Self.headers())
            let lost = try self.installation.client.send("demo.segfault", options: Self.headers())
            #expect(try self.installation.client.result(failed).state == "FAILURE")
            #expect(try self.installation.client.result(lost).state == "FAILURE")
            let runs = try self.spans(4, of: worker).filter { $0["name"]?.text?.hasPrefix("run/") == true }
            let texts = runs.map { $0["status"]?["message"]?.text ?? "" }
            #expect(texts.contains { $0.contains("on purpose") })
            #expect(texts.contains { $0.contains("SIGSEGV") })
            let postMortem = try worker.program.wait(forRecords: "task.post.mortem")[0]
            #expect(postMortem["trace.id"] == .string(Self.trace))
        }

        @Test func whatIsNotRecordedMakesNoSpansAndBeginsNone() throws {
            let worker = try self.worker("--trace-percent", "0")
            let ids = try self.installation.client.sendChain(
                CeleryClient.signature("tasks.add", [1, 2], options: Self.headers(flags: "00")),
                CeleryClient.signature("tasks.add", [1]))
            #expect(try self.installation.client.result(ids[1]).value == 4)
            let other = try self.installation.client.send("tasks.add", 1, 1)
            #expect(try self.installation.client.result(other).value == 2)
            #expect(try worker.stop() == 0)
            #expect(self.spans.isEmpty)
        }

        @Test func messagesWithoutATraceBeginOne() throws {
            let worker = try self.worker()
            let id = try self.installation.client.send("tasks.add", 1, 1)
            #expect(try self.installation.client.result(id).value == 2)
            let spans = try self.spans(2, of: worker)
            let run = try #require(spans.first { $0["name"]?.text == "run/tasks.add" })
            #expect(run["parentSpanId"] == nil)
            #expect(spans.first { $0["name"]?.text == "wait/tasks.add" }?["parentSpanId"] == run["spanId"])
        }

        @Test func nobodyToCollectThemHoldsUpNothing() throws {
            let worker = try TestedWorker(
                PeerConnection(self.installation.server),
                arguments: ["--trace-socket", "/nowhere/spans", "--log-format", "json"])
            let calls = (0..<200).map { number -> JSONObject in ["x": .number(JSONNumber(number))] }
            let ids = try self.installation.client.sendMany("tasks.identity", calls)
            #expect(try self.installation.client.result(ids[199]).value == 199)
            #expect(try worker.stop() == 0)
            #expect(worker.program.records("spans.dropped").count == 1, "it is told once")
        }

        private static func attribute(_ name: String, _ span: JSONValue) -> String? {
            span["attributes"]?.elements.first { $0["key"]?.text == name }?["value"]?["stringValue"]?.text
        }

        private static func time(_ name: String, _ span: JSONValue) -> Double {
            (Double(span["\(name)TimeUnixNano"]?.text ?? "") ?? 0) / 1e9
        }
    }
}
