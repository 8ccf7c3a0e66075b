import Compression
import JSON
import Testing

@testable import Celery

@Suite struct BodyTests {
    private static let decoder = BodyDecoder(accepted: Set(Serializer.allCases))

    /// Messages whose bodies are not read, and why.
    static let refused: [(file: String, code: BodyError.Code, hint: String)] = [
        ("messages/serializer-pickle.json", .pickled, "task_serializer=\"json\""),
        ("messages/auth.json", .unsupportedContentType, "application/data"),
        ("messages/compression-lzma.json", .unsupportedCompression, "application/x-lzma"),
        ("messages/compression-brotli.json", .unsupportedCompression, "application/x-brotli"),
    ]

    /// YAML is read, and written in another of its styles: see `YAMLTests`.
    static let readable = Fixture.messages.filter { fixture in
        !refused.contains { $0.file == fixture.name } && fixture.name != "messages/serializer-yaml.json"
    }
    static let protocolTwo = BodyTests.readable.filter {
        !$0.name.contains("proto1") && !$0.name.contains("rpc-message")
    }

    private func parse(_ json: String) throws -> CeleryValue { try CeleryValue(parsing: Array(json.utf8)[...]) }

    @Test(arguments: BodyTests.readable)
    func bodiesAreWrittenAsTheyWereRead(_ fixture: Fixture) throws {
        let envelope = try Envelope(parsing: fixture.slice)
        let payload = try Self.decoder.payload(of: envelope)
        let value = try Self.decoder.value(of: envelope)
        #expect(try Self.decoder.serializer(of: envelope).encode(value)[...] == payload)
    }

    @Test(arguments: BodyTests.protocolTwo)
    func taskBodiesAreWrittenAsTheyWereRead(_ fixture: Fixture) throws {
        let envelope = try Envelope(parsing: fixture.slice)
        let body = try Self.decoder.taskBody(of: envelope)
        #expect(try Self.decoder.serializer(of: envelope).encode(body.value)[...] == Self.decoder.payload(of: envelope))
    }

    @Test(arguments: BodyTests.refused)
    func otherBodiesAreRefusedWithAReason(_ file: String, _ code: BodyError.Code, _ hint: String) throws {
        let envelope = try Envelope(parsing: Fixture.named(file).slice)
        let error = #expect(throws: BodyError.self) { try Self.decoder.value(of: envelope) }
        #expect(error?.code == code)
        #expect(error?.message.contains(hint) == true)
    }

    @Test func onlyAcceptedTypesAreRead() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/serializer-msgpack.json").slice)
        let error = #expect(throws: BodyError.self) { try BodyDecoder().value(of: envelope) }
        #expect(error?.code == .notAccepted)
    }

    private func envelope(
        _ body: String, type: String? = "application/json", encoding: String? = "utf-8", wrap: String? = nil
    ) -> Envelope {
        var properties = Fields([Fields.Field("delivery_tag", RawJSON("t"))])
        properties["body_encoding"] = wrap.map { RawJSON($0) }
        return Envelope(
            body: RawJSON(body), contentType: type, contentEncoding: encoding, headers: Fields(), properties: properties
        )
    }

    @Test func plainBodiesAreRead() throws {
        #expect(try BodyDecoder().value(of: self.envelope("[\"é\"]")) == ["é"])
        #expect(try BodyDecoder().value(of: self.envelope("[1]", encoding: nil, wrap: "utf-8")) == [1])
        #expect(try BodyDecoder().value(of: self.envelope("[1]", type: "Application/JSON; charset=utf-8")) == [1])
        #expect(try BodyDecoder().value(of: self.envelope("WzFd", wrap: "base64")) == [1])
    }

    @Test func otherWrappingsAreRefused() {
        func code(_ envelope: Envelope) -> BodyError.Code? {
            #expect(throws: BodyError.self) { try BodyDecoder().value(of: envelope) }?.code
        }
        #expect(code(self.envelope("1", wrap: "rot13")) == .unsupportedBodyEncoding)
        #expect(code(self.envelope("W*Fd", wrap: "base64")) == .invalidBase64)
        #expect(code(self.envelope("1", encoding: "latin-1")) == .unsupportedContentEncoding)
        #expect(code(self.envelope("1", type: nil)) == .unsupportedContentType)
        #expect(code(self.envelope("1", type: "text/html")) == .unsupportedContentType)
    }

    @Test func largeBodiesAreRefused() throws {
        let limits = BodyLimits(decompression: DecompressionLimits(maxOutput: 10))
        let decoder = BodyDecoder(limits: limits)
        let error = #expect(throws: BodyError.self) { try decoder.value(of: self.envelope("[1, 2, 3, 4]")) }
        #expect(error?.code == .tooLarge)
        let small = try Envelope(parsing: Fixture.named("messages/compression-zstd.json").slice)
        let bomb = #expect(throws: BodyError.self) { try decoder.value(of: small) }
        #expect(bomb?.code == .tooLarge)
    }

    @Test func compressionBombsAreRefused() throws {
        for format in CompressionFormat.allCases {
            let bomb = try BodyEncoder(compression: format).envelope(
                .string(String(repeating: "0", count: 8 << 20)), headers: Fields(), properties: Fields(),
                deliveryTag: "t")
            let error = #expect(throws: BodyError.self) { try BodyDecoder().value(of: bomb) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func compressedBodiesComeBack() throws {
        for format in CompressionFormat.allCases {
            for serializer in Serializer.allCases {
                let encoder = BodyEncoder(serializer: serializer, compression: format)
                let envelope = try encoder.envelope(
                    [1, "é"], headers: Fields(), properties: Fields(), deliveryTag: "t")
                let read = try Envelope(parsing: envelope.serialized()[...])
                #expect(try Self.decoder.value(of: read) == [1, "é"])
            }
        }
    }

    @Test func pythonTypesAreValues() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/kombu-types.json").slice)
        let value = try BodyDecoder().taskBody(of: envelope).args[0]
        #expect(value["datetime"] == SpecialValue(.datetime, "2026-01-02T03:04:05.678900").map(CeleryValue.special))
        #expect(value["time_short"] == SpecialValue(.time, "03:04:00").map(CeleryValue.special))
        #expect(value["uuid"] == SpecialValue(.uuid, "12345678123456781234567812345678").map(CeleryValue.special))
        #expect(value["decimal_exp"] == SpecialValue(.decimal, "1E+5").map(CeleryValue.special))
        #expect(value["bytes"] == .bytes(Array("abc é".utf8)))
        #expect(value["bytes_bin"] == .bytes([0xFF, 0x00, 0xFE]))
        #expect(value["bytes_empty"] == .bytes([]))
    }

    @Test func pythonTypesHaveAPlainForm() throws {
        let envelope = try Envelope(parsing: Fixture.named("messages/kombu-types.json").slice)
        let plain = try BodyDecoder().taskBody(of: envelope).args[0].plainJSON()
        #expect(plain["datetime"] == "2026-01-02T03:04:05.678900")
        #expect(plain["uuid"] == "12345678-1234-5678-1234-567812345678")
        #expect(plain["decimal"] == .number(JSONNumber("10.50")!))
        #expect(plain["bytes_bin"] == "/wD+")
        #expect(plain["tuple"] == [1, [2]])
        #expect(CeleryValue(plain)["date"] == "2026-01-02")
        #expect(throws: BodyError.self) { try CeleryValue(.nan).plainJSON() }
        let time = CeleryValue.extended(code: -1, [0x6A, 0x00, 0x00, 0x00])
        #expect(try time.plainJSON() == "2026-05-10T03:48:16+00:00")
        #expect(throws: BodyError.self) { try CeleryValue.extended(code: 5, []).plainJSON() }
    }

    @Test(arguments: [
        #"{"__type__": "set", "__value__": []}"#, #"{"__type__": "datetime", "__value__": "soon"}"#,
        #"{"__type__": "datetime", "__value__": 5}"#, #"{"__type__": "date", "__value__": "2026-01-02T00:00:00"}"#,
        #"{"__type__": "uuid", "__value__": {"hex": "12"}}"#, #"{"__type__": "uuid", "__value__": "12"}"#,
        #"{"__type__": "decimal", "__value__": "ten"}"#, #"{"__type__": "decimal", "__value__": "--1"}"#,
        #"{"__type__": "date", "__value__": "2026-01-02", "__value__": 1}"#,
        #"{"__type__": "base64", "__value__": "*"}"#, #"{"__type__": 1, "__value__": 1}"#,
    ])
    func otherTypesAreRefused(_ json: String) {
        let error = #expect(throws: BodyError.self) { try self.parse(json) }
        #expect(error?.code == .invalidSpecial)
    }

    @Test func objectsThatOnlyLookSpecialStayObjects() throws {
        for json in [#"{"__type__": "x"}"#, #"{"__type__": "uuid", "__value__": 1, "more": 2}"#] {
            #expect(try self.parse(json).asObject != nil)
            #expect(try String(decoding: self.parse(json).json(), as: UTF8.self) == json)
        }
    }

    @Test func floatsThatAreNotFiniteAreRead() throws {
        #expect(
            try self.parse("[NaN, Infinity,-Infinity]") == [
                .notFinite(.nan), .notFinite(.infinity), .notFinite(.negativeInfinity),
            ])
        for text in ["nan", "NaNa", "Inf", "-NaN", "[I]", "{NaN: 1}"] {
            #expect(throws: BodyError.self) { try self.parse(text) }
        }
    }

    @Test(arguments: [
        "", "[", "[1,]", "{\"a\"}", "{\"a\":}", "[1 2]", "1 1", "\"\\ud800\"", "{1: 2}", "[}", "'a'", "[1],",
    ])
    func otherTextsAreNotJSON(_ text: String) {
        let error = #expect(throws: BodyError.self) { try self.parse(text) }
        #expect(error?.code == .malformed)
    }

    @Test func lastOfEqualKeysCounts() throws {
        #expect(try self.parse(#"{"a": 1, "b": 2, "a": 3}"#)["a"] == 3)
    }

    @Test func depthAndCountAreLimited() throws {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try self.parse(nested(128)) }
        for depth in [129, 1000, 1_000_000] {
            let error = #expect(throws: BodyError.self) { try self.parse(nested(depth)) }
            #expect(error?.code == .tooDeep)
        }
        #expect(BodyLimits(maxDepth: 100_000).maxDepth == 512)
        let many = Array("[\(String(repeating: "1,", count: 100))1]".utf8)
        let error = #expect(throws: BodyError.self) {
            try CeleryValue(parsing: many[...], limits: BodyLimits(maxValues: 100))
        }
        #expect(error?.code == .tooManyValues)
    }

    @Test(arguments: [
        "[]", "[[], {}]", "[[], {}, {}, {}]", "[{}, {}, {}]", "[[], [], {}]", "[[], {}, []]", "{}", "1",
        #"[[], {}, {"callbacks": {}}]"#, #"[[], {}, {"chain": [1]}]"#, #"[[], {}, {"chord": []}]"#,
        #"[[], {}, {"errbacks": [{"task": 1}]}]"#,
    ])
    func otherShapesAreNoTaskBody(_ json: String) throws {
        let value = try self.parse(json)
        let error = #expect(throws: BodyError.self) { try TaskBody(value) }
        #expect(error?.code == .notATask)
    }

    @Test func embeddedTasksMayBeMissing() throws {
        #expect(try TaskBody(self.parse("[[], {}, null]")).embed.callbacks.isEmpty)
        let body = try TaskBody(self.parse(#"[[], {}, {"more": 1}]"#))
        #expect(body.embed.chain.isEmpty)
        #expect(body.value == [[], [:], ["more": 1]])
    }
}
