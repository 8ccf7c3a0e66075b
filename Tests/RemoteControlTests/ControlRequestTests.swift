import Celery
import Foundation
import RemoteControl
import Testing

struct ControlRequestTests {
    private static func message(_ body: String, headers: String = #"{"clock": 7, "expires": 0}"#) -> ArraySlice<UInt8> {
        let text = Base64.encode(Array(body.utf8)[...])
        let message = """
            {"body": "\(String(decoding: text, as: UTF8.self))", "content-encoding": "utf-8", "content-type": \
            "application/json", "headers": \(headers), "properties": {"delivery_mode": 2, "delivery_info": {"exchange": \
            "celery.pidbox", "routing_key": ""}, "priority": 0, "body_encoding": "base64", "delivery_tag": "t"}}
            """
        return Array(message.utf8)[...]
    }

    @Test func allPartsAreRead() throws {
        let body = """
            {"method": "revoke", "arguments": {"task_id": "a", "terminate": false}, "destination": ["w1@h"], "pattern": \
            null, "matcher": null, "ticket": "t1", "reply_to": {"exchange": "reply.celery.pidbox", "routing_key": "k"}}
            """
        let request = try ControlRequest(parsing: Self.message(body))
        #expect(request.method == "revoke")
        #expect(request.arguments["task_id"] == "a")
        #expect(request.ticket == "t1")
        #expect(request.replyKey == "k")
        #expect(request.clock == 7)
        #expect(try request.isAddressed(to: "w1@h"))
        #expect(try !request.isAddressed(to: "w2@h"))
    }

    @Test func withoutAddressAllAreMeant() throws {
        for body in [#"{"method": "ping"}"#, #"{"method": "ping", "destination": [], "pattern": "w*"}"#] {
            #expect(try ControlRequest(parsing: Self.message(body)).isAddressed(to: "x@y"))
        }
    }

    @Test func destinationsCountMoreThanPatterns() throws {
        let body = #"{"method": "ping", "destination": ["a@b"], "pattern": "x*", "matcher": "glob"}"#
        #expect(try ControlRequest(parsing: Self.message(body)).isAddressed(to: "a@b"))
    }

    @Test func unknownMatchersAreErrors() throws {
        let body = #"{"method": "ping", "pattern": "x", "matcher": "sql"}"#
        let request = try ControlRequest(parsing: Self.message(body))
        #expect(throws: ControlError.self) { try request.isAddressed(to: "x") }
    }

    @Test(arguments: [
        "", "[]", "null", #"{"arguments": {}}"#, #"{"method": 5}"#, "{", String(repeating: "[", count: 100),
    ])
    func whatIsNoRequestIsAnError(body: String) {
        #expect(throws: ControlError.self) { try ControlRequest(parsing: Self.message(body)) }
    }

    @Test func whatWasWrittenIsReadAgain() throws {
        var request = ControlRequest("rate_limit", ["task_name": "a", "rate_limit": "1/s"])
        request.destination = ["w@h"]
        request.ticket = "t"
        request.replyKey = "k"
        let message = try request.envelope(clock: 3, expires: 1.5, deliveryTag: "d").serialized()
        let again = try ControlRequest(parsing: message[...])
        #expect(again.body == request.body)
        #expect(again.clock == 3)
    }

    /// As the capture of a Celery worker's answer has it, byte for byte.
    @Test func answersAreWrittenAsCelerysAre() throws {
        var request = ControlRequest("ping")
        request.ticket = "3419319d-b2b6-4f7c-9b3f-c3b2c515d949"
        request.replyKey = "12b121bb-bb25-32d8-9c8e-9c299f9e741c"
        let reply = ControlReply(node: "w1@host.example", value: ["ok": "pong"])
        let message = try reply.message(to: request, clock: 4, deliveryTag: "5d")
        let expected = """
            {"body": "eyJ3MUBob3N0LmV4YW1wbGUiOiB7Im9rIjogInBvbmcifX0=", "content-encoding": "utf-8", "content-type": \
            "application/json", "headers": {"ticket": "3419319d-b2b6-4f7c-9b3f-c3b2c515d949", "clock": 4}, "properties": \
            {"delivery_mode": 1, "delivery_info": {"exchange": "reply.celery.pidbox", "routing_key": \
            "12b121bb-bb25-32d8-9c8e-9c299f9e741c"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "5d"}}
            """
        #expect(String(decoding: message, as: UTF8.self) == expected)
    }

    @Test func methodsAndArgumentsAreCheckedInPythonsWords() throws {
        func text(_ name: String, _ arguments: CeleryObject = [:]) -> String? {
            do throws(ControlError) {
                try ControlMethod.named(name).check(arguments)
                return nil
            } catch {
                return error.text
            }
        }
        #expect(text("no_such") == "KeyError('no_such')")
        #expect(
            text("rate_limit")
                == "TypeError(\"rate_limit() missing 2 required positional arguments: 'task_name' and 'rate_limit'\")")
        #expect(text("revoke") == "TypeError(\"revoke() missing 1 required positional argument: 'task_id'\")")
        #expect(text("report", ["x": 1]) == "TypeError(\"report() got an unexpected keyword argument 'x'\")")
        #expect(text("ping", ["x": 1]) == nil)
        #expect(text("dump_active") == nil)
    }

    @Test func wordsOfACommandLineAreArguments() throws {
        func arguments(_ method: String, _ words: String...) throws -> CeleryObject {
            try ControlMethod.named(method).arguments(words)
        }
        #expect(try arguments("rate_limit", "tasks.add", "10/m") == ["task_name": "tasks.add", "rate_limit": "10/m"])
        #expect(try arguments("rate_limit", "tasks.add", "5")["rate_limit"] == 5)
        #expect(try arguments("revoke", "a", "b") == ["task_id": ["a", "b"]])
        #expect(try arguments("revoke", "a", "terminate=true") == ["task_id": ["a"], "terminate": true])
        #expect(try arguments("terminate", "SIGKILL", "a", "b") == ["signal": "SIGKILL", "task_id": ["a", "b"]])
        #expect(try arguments("time_limit", "t", "soft=1.5") == ["task_name": "t", "soft": CeleryValue(1.5)])
        #expect(try arguments("revoke_by_stamped_headers", "tenant=acme")["headers"] == ["tenant=acme"])
        #expect(try arguments("pool_grow") == [:])
        #expect(throws: ControlError.self) { try arguments("ping", "x") }
        #expect(throws: ControlError.self) { try arguments("pool_grow", "1", "2") }
    }

    @Test(arguments: [
        ("a", "'a'"), ("it's", "\"it's\""), ("it's \"b\"", "'it\\'s \"b\"'"), ("a\\b\n", "'a\\\\b\\n'"),
        ("\u{1}é", "'\\x01é'"),
    ])
    func textsAreShownAsPythonShowsThem(text: String, shown: String) { #expect(pythonText(text) == shown) }

    @Test(
        arguments: [
            (CeleryValue.null, nil), (0, nil), ("", nil), (5, 5), ("10", 10), ("10/s", 10), ("30/m", 0.5),
            ("1.5/s", 1.5), ("36/h", 0.01), ("0/s", nil),
        ] as [(CeleryValue, Double?)])
    func ratesAreRead(value: CeleryValue, perSecond: Double?) throws {
        #expect(try CeleryRate.perSecond(value) == perSecond)
    }

    @Test func wrongRatesAreErrorsInCelerysWords() {
        func text(_ value: CeleryValue) -> String? {
            do throws(ControlError) { _ = try CeleryRate.perSecond(value) } catch { return error.text }
            return nil
        }
        #expect(text("1/fortnight") == "KeyError('fortnight')")
        #expect(
            text("x/s") == "Invalid rate limit string: ValueError(\"could not convert string to float: 'x'\")")
    }
}
