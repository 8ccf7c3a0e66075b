import EngineSupport
import JSON
import Testing

extension AcceptanceTests {
    /// Arguments and results, in every form that Celery has for them.
    @Suite struct ValueTests {
        /// As Python expressions.
        private static let values = [
            "None", "True", "False", "0", "-1", "2**31", "2**63", "-2**64", "10**40",
            "1.0", "0.1", "-0.0", "1e300", "1e-07", "5e-324",
            "''", "'text'", "'é \\u2028 \\U0001f600 \\x00 \\\\ \"'", "'x' * 100_000",
            "[]", "[1, [2, [3.0, None]]]", "{}", "{'a': {'b': [True, {}]}, '': 1}", "[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
            "{'__type__': 'date'}", "{'__type__': 'date', '__value__': '2026-01-02', 'more': 1}",
        ]

        /// What JSON lacks and Celery has signs for, and what a task gets that asks for JSON.
        private static let special = [
            "datetime.datetime(2026, 1, 2, 3, 4, 5, 678900)": "'2026-01-02T03:04:05.678900'",
            "datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)": "'2026-01-02T03:04:05+00:00'",
            "datetime.date(2026, 1, 2)": "'2026-01-02'", "datetime.time(3, 4, 5, 6)": "'03:04:05.000006'",
            "decimal.Decimal('10.50')": "10.5",
            "uuid.UUID('12345678123456781234567812345678')": "'12345678-1234-5678-1234-567812345678'",
            "b''": "''", "b'abc'": "'YWJj'", "b'\\xff\\x00'": "'/wA='",
        ]

        @Test func everyValueComesBackAsItWas() throws {
            let installation = try Installation()
            let worker = try TestedWorker(installation.server)
            for value in Self.values {
                let (id, repr) = try installation.client.send("tasks.identity", expression: value)
                #expect(try installation.client.result(id).repr == repr)
            }
            #expect(try worker.stop() == 0)
            #expect(try installation.isDrained())
        }

        @Test func valuesThatJSONLacksArePlainOnesToTasks() throws {
            let installation = try Installation()
            let worker = try TestedWorker(installation.server)
            for (value, plain) in Self.special {
                let (id, repr) = try installation.client.send("tasks.identity", expression: value)
                let expected = TestedWorker.isCelery ? repr : plain
                #expect(try installation.client.result(id).repr == expected)
            }
            #expect(worker.isRunning)
        }

        /// Python writes them into JSON, where they are no numbers.
        @Test(.enabled(if: !TestedWorker.isCelery), arguments: ["inf", "-inf", "nan"])
        func infinityIsAClearFailure(expression: String) throws {
            let installation = try Installation()
            let worker = try TestedWorker(installation.server)
            let (id, _) = try installation.client.send("tasks.identity", expression: "[\(expression)]")
            let result = try installation.client.result(id)
            #expect(result.state == "FAILURE")
            #expect(result.exception?.message.contains("is not a JSON number") == true)
            #expect(worker.isRunning)
        }

        @Test(arguments: ["json", "msgpack", "yaml"]) func serializersAreUnderstood(serializer: String) throws {
            let installation = try Installation()
            let worker = try TestedWorker(installation.server)
            let options: JSONObject = ["serializer": .string(serializer)]
            let value: JSONValue = ["é", 1, -70_000, 1.5, true, nil, ["a": [], "b": "x"]]
            let id = try installation.client.send("tasks.identity", value, options: options)
            #expect(try installation.client.result(id).value == value)
            #expect(worker.isRunning)
        }

        @Test func compressionsAreUnderstood() throws {
            let installation = try Installation()
            let worker = try TestedWorker(installation.server)
            let text = JSONValue.string(String(repeating: "compressible, é; ", count: 5_000))
            for compression in ["zlib", "bzip2", "zstd"] {
                let options: JSONObject = ["compression": .string(compression)]
                let id = try installation.client.send("tasks.identity", text, options: options)
                #expect(try installation.client.result(id).value == text, "\(compression)")
            }
            #expect(worker.isRunning)
        }

        @Test func resultIsNotStoredWhenNobodyWantsIt() throws {
            let installation = try Installation()
            let worker = try TestedWorker(installation.server)
            let unwanted = try installation.client.send("tasks.add", 1, 2, options: ["ignore_result": true])
            let wanted = try installation.client.send("tasks.add", 3, 4)
            #expect(try installation.client.result(wanted).value == 7)
            try wait(for: "both tasks to be acknowledged") { try installation.isDrained() }
            #expect(try installation.client.state(unwanted) == "PENDING")
            #expect(worker.isRunning)
        }
    }
}
