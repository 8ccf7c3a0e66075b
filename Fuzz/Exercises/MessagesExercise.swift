import Celery
import Compression
import JSON

/// Messages as they stand on a list, and what is in them. The first byte says what the others are.
func exerciseMessages(_ bytes: [UInt8]) {
    guard let kind = bytes.first else { return }
    let bytes = bytes.dropFirst()
    switch kind % 9 {
    case 0, 1: checkMessage(bytes)
    case 2: checkBody(bytes, .json)
    case 3: checkBody(bytes, .messagePack)
    case 4: checkBody(bytes, .yaml)
    case 5: checkCompressed(bytes)
    case 6: checkEntry(bytes)
    case 8: checkParts(bytes)
    default: checkText(bytes)
    }
}

private var limits: BodyLimits {
    var limits = BodyLimits(maxDepth: 32, maxValues: 10_000)
    limits.decompression = DecompressionLimits(maxOutput: 1 << 18, ratioFloor: 1 << 16)
    return limits
}

/// The quick look accepts what the thorough one accepts, and finds the same.
private func checkMessage(_ bytes: ArraySlice<UInt8>) {
    let quick = try? MessageHead(scanning: bytes)
    guard let envelope = try? Envelope(parsing: bytes) else {
        return precondition(quick == nil, "The quick look accepts nothing that cannot be parsed.")
    }
    precondition(quick == (try? MessageHead(envelope)), "Both looks find the same.")
    let written = envelope.serialized()
    precondition((try? Envelope(parsing: written[...])) != nil, "What was written parses.")
    let back = envelope.returned(losses: 3)
    precondition(back.isRedelivered && back.losses == 3, "A return is marked.")
    let decoder = BodyDecoder(accepted: [.json, .messagePack, .yaml], limits: limits)
    if envelope.protocolVersion == .one {
        _ = try? decoder.protocolOneTask(of: envelope)
        if let second = try? envelope.inProtocolTwo() { _ = try? MessageHead(second) }
    } else if let body = try? decoder.taskBody(of: envelope), let headers = try? TaskHeaders(envelope.headers) {
        checkFollowing(Continuation(of: headers, body.embed))
        if let head = quick, FollowedMessage.carriesNothing(head) {
            precondition(body.embed == Embed(), "A message that carries nothing says so.")
        }
    }
}

/// Whatever a message says is to follow can be sent, or not, and has an end.
private func checkFollowing(_ continuation: Continuation) {
    let makeID = { "id" }
    _ = try? continuation.succeeded(with: 1, now: 0, makeID: makeID)
    _ = continuation.failed(now: 0, makeID: makeID)
    _ = try? continuation.joined([1, 2], now: 0, makeID: makeID)
    _ = continuation.notJoined(now: 0, makeID: makeID)
    _ = try? continuation.replaced(by: Signature(task: "t"), now: 0, makeID: makeID)
}

/// The parts of a chord, one on each line; the first is where they belong.
private func checkParts(_ bytes: ArraySlice<UInt8>) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard let tree = lines.first else { return }
    for tree in [tree, nil] {
        let parts = Array(lines.dropFirst())
        guard let results = try? ChordResults(parts: parts, tree: tree, limits: limits) else { continue }
        if let values = try? results.values() { _ = try? CeleryValue.array(values).json() }
    }
}

/// What decodes can be written and read again, where the format has a form for it.
private func checkBody(_ bytes: ArraySlice<UInt8>, _ serializer: Serializer) {
    guard let value = try? serializer.decode(bytes, limits: limits) else { return }
    _ = try? TaskBody(value)
    guard let written = try? serializer.encode(value) else { return }
    guard let again = try? serializer.decode(written[...]) else { preconditionFailure("What was written parses.") }
    guard let twice = try? serializer.encode(again) else { preconditionFailure("What was read can be written.") }
    precondition(twice == written, "A value survives being written.")
}

private func checkCompressed(_ bytes: ArraySlice<UInt8>) {
    for format in CompressionFormat.allCases {
        if let plain = try? format.decompress(bytes, limits: limits.decompression) {
            precondition(plain.count <= limits.decompression.maxOutput, "Output is bounded.")
        }
    }
}

private func checkEntry(_ bytes: ArraySlice<UInt8>) {
    guard let entry = try? UnackedEntry(parsing: bytes) else { return }
    _ = (entry.exchange, entry.routingKey, entry.envelope.priority)
}

private func checkText(_ bytes: ArraySlice<UInt8>) {
    if let plain = Base64.decode(bytes) {
        precondition(Base64.decode(Base64.encode(plain[...])[...]) == plain, "Base64 survives.")
    }
    _ = try? ResultDocument(parsing: bytes)
}
