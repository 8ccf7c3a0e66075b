import Celery
import JSON
import RemoteControl

/// What anybody may publish to workers. The first byte says what the others are.
func exerciseControl(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let bytes = input.dropFirst()
    switch kind % 5 {
    case 0: checkRequest(bytes)
    case 1: checkBody(bytes)
    case 2: checkPattern(bytes)
    case 3: checkReply(bytes)
    default: checkTexts(bytes)
    }
}

/// What was read can be written, and is the same when it is read again.
private func checkRequest(_ bytes: ArraySlice<UInt8>) {
    guard let request = try? ControlRequest(parsing: bytes) else { return }
    check(request)
    guard let written = try? request.envelope(clock: 1, expires: 0, deliveryTag: "t").serialized() else { return }
    guard let again = try? ControlRequest(parsing: written[...]) else {
        preconditionFailure("What was written parses.")
    }
    precondition(again.body == request.body, "A request survives being written.")
}

private func checkBody(_ bytes: ArraySlice<UInt8>) {
    guard let value = try? CeleryValue(parsing: bytes), let request = try? ControlRequest(value) else { return }
    check(request)
}

private func check(_ request: ControlRequest) {
    _ = try? request.isAddressed(to: "celery@host.example")
    guard let method = try? ControlMethod.named(request.method) else { return }
    try? method.check(request.arguments)
    _ = try? CeleryRate.perSecond(request.arguments["rate_limit"] ?? .null)
    let reply = ControlReply(node: "celery@host.example", value: .object(request.arguments))
    guard let written = try? reply.message(to: request, clock: 1, deliveryTag: "t") else { return }
    precondition((try? ControlReply.Received(parsing: written[...])) != nil, "An answer can be read.")
}

/// A pattern, and its own end as a name.
private func checkPattern(_ bytes: ArraySlice<UInt8>) {
    let text = String(decoding: bytes, as: UTF8.self)
    let name = String(text.suffix(100))
    for grammar in [NodePattern.Grammar.glob, .pcre] { _ = try? NodePattern(text, grammar).matches(name) }
}

private func checkReply(_ bytes: ArraySlice<UInt8>) { _ = try? ControlReply.Received(parsing: bytes) }

private func checkTexts(_ bytes: ArraySlice<UInt8>) {
    let view = pythonView(ofJSON: bytes)
    precondition(view.count < 1_100, "A view is cut.")
    _ = pythonText(String(decoding: bytes, as: UTF8.self))
    let details = MessageDetails(scanning: bytes)
    for raw in [details.shadow, details.eta, details.expires, details.stamps] {
        guard let raw else { continue }
        precondition((try? RawJSON(unchecked: raw).value(limits: BodyLimits(maxDepth: 512))) != nil, "It is JSON.")
    }
}
