import Compression
import JSON
import Supervision
import Testing

@testable import Celery

/// Whatever the bytes are, the answer is a value or an error.
@Suite struct HostileTests {
    private static let decoder = BodyDecoder(
        accepted: [.json, .messagePack],
        limits: BodyLimits(decompression: DecompressionLimits(maxOutput: 1 << 20))
    )

    /// Takes bytes through every step that a message's bytes go through. What is accepted must come back.
    private func receive(_ bytes: ArraySlice<UInt8>) throws {
        guard let envelope = try? Envelope(parsing: bytes) else { return }
        #expect(try Envelope(parsing: envelope.serialized()[...]) == envelope)
        if let headers = try? TaskHeaders(envelope.headers) {
            #expect(try TaskHeaders(headers.fields) == headers)
        }
        if let task = try? Self.decoder.protocolOneTask(of: envelope) {
            _ = try? task.headers(overriddenBy: envelope.headers)
            _ = try? task.body()
        }
        guard let value = try? Self.decoder.value(of: envelope) else { return }
        try self.comesBack(value)
        if let body = try? TaskBody(value) {
            _ = PythonRepr.text(args: body.args) + PythonRepr.text(kwargs: body.kwargs)
            for signature in body.embed.callbacks + body.embed.errbacks + body.embed.chain {
                _ = try? NewTask(signature, NewTask.Occasion(freshID: "1", now: 0))
            }
            let continuation = Continuation(of: TaskHeaders(task: "t", id: "1"), body.embed)
            _ = try? continuation.succeeded(with: value, now: 0) { "2" }
            _ = continuation.failed(now: 0) { "2" }
        }
    }

    private func comesBack(_ value: CeleryValue) throws {
        _ = try? value.plainJSON()
        if let json = try? value.json() {
            let again = try CeleryValue(parsing: json[...])
            #expect(try again.json() == json)
        }
        if let packed = try? value.messagePack() {
            let again = try CeleryValue(messagePack: packed[...])
            #expect(try again.messagePack() == packed)
        }
    }

    @Test(arguments: ["simple", "kombu-types", "floats", "redelivered", "proto1-links", "serializer-msgpack"])
    func truncatedMessagesAreRefused(_ name: String) throws {
        let fixture = try Fixture.named("messages/\(name).json")
        for count in 0..<fixture.bytes.count {
            #expect(throws: EnvelopeError.self) { try Envelope(parsing: fixture.slice.prefix(count)) }
        }
    }

    @Test(arguments: Fixture.messages)
    func changedMessagesAreReadOrRefused(_ fixture: Fixture) throws {
        var random = SeededGenerator(seed: UInt64(fixture.bytes.count))
        for _ in 0..<15 { try self.receive(mutated(fixture.bytes, using: &random)[...]) }
    }

    @Test(arguments: BodyTests.readable)
    func changedBodiesAreReadOrRefused(_ fixture: Fixture) throws {
        let envelope = try Envelope(parsing: fixture.slice)
        let payload = Array(try Self.decoder.payload(of: envelope))
        var random = SeededGenerator(seed: UInt64(payload.count))
        for round in 0..<40 {
            let cut = payload.prefix(payload.count * round / 20)
            let bytes = round < 20 ? Array(cut) : mutated(payload, using: &random)
            for serializer in Serializer.allCases {
                guard let value = try? serializer.decode(bytes[...]) else { continue }
                // What is an object in YAML may be a value of a Python type in JSON: each comes back as itself.
                if serializer == .yaml {
                    #expect(try serializer.decode(serializer.encode(value)[...]) == value)
                } else {
                    try self.comesBack(value)
                }
                _ = try? TaskBody(value)
            }
        }
    }

    @Test(arguments: Fixture.results)
    func changedResultsAreReadOrRefused(_ fixture: Fixture) throws {
        var random = SeededGenerator(seed: UInt64(fixture.bytes.count))
        for _ in 0..<15 {
            let bytes = mutated(fixture.bytes, using: &random)
            guard let document = try? ResultDocument(parsing: bytes[...]) else { continue }
            #expect(try ResultDocument(parsing: document.serialized()[...]) == document)
            _ = document.failure
            _ = document.extended
        }
    }

    @Test func manyMembersTakeNoMoreThanTheirShare() throws {
        let many = CeleryObject((0..<30_000).map { .init(key: "key \($0 % 20_000)", value: 1) })
        let names = CeleryValue.array(many.members.map { .string($0.key) })
        let old = try ProtocolOneTask(.object(many.merging(["task": "t", "id": "1"])))
        #expect(try old.headers().others.all.count == 20_000)
        let options = many.merging(["headers": .object(many), "stamped_headers": names])
        let task = try NewTask(Signature(task: "t", options: options), NewTask.Occasion(freshID: "1", now: 0))
        #expect(task.headers.stamps.all.count == 20_000)
        let envelope = try Envelope(parsing: task.envelope(deliveryTag: "d").serialized()[...])
        #expect(try TaskHeaders(envelope.headers).others.all.count == 20_000)
        let document = try CeleryValue.object(many.merging(["task_id": "1", "status": "S"])).messagePack()
        #expect(try ResultDocument(parsing: document[...], serializer: .messagePack).others.all.count == 20_000)
    }

    @Test func randomBytesAreReadOrRefused() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...24, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if let value = try? CeleryValue(messagePack: bytes[...]) { try self.comesBack(value) }
            _ = try? ResultDocument(parsing: bytes[...], serializer: .messagePack)
            for format in CompressionFormat.allCases { _ = try? format.decompress(bytes[...]) }
        }
    }
}

/// The bytes with a few changes: replaced, inserted, removed, doubled.
func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    let interesting = Array("{}[]\":,\\0-eNnItu=/9".utf8) + [0, 0x80, 0xC0, 0xDD, 0xFF]
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        guard let position = bytes.indices.randomElement(using: &random) else { return bytes }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[position] = interesting.randomElement(using: &random)!
        case 2: bytes.insert(interesting.randomElement(using: &random)!, at: position)
        case 3: bytes.removeSubrange(position..<min(position + 8, bytes.count))
        default: bytes.insert(contentsOf: bytes[position..<min(position + 32, bytes.count)], at: position)
        }
    }
    return bytes
}
