import Celery
import Signing

/// What is read before a signature is known to be right: its header, Celery's signed bodies, and the text that is signed.
/// What is taken has one spelling; a message says what is signed alike, however often it is written.
func exerciseSignatures(_ bytes: [UInt8]) {
    checkHeader(String(decoding: bytes, as: UTF8.self))
    checkBody(bytes)
    checkBody(Base64.encode(bytes[...]))
    checkMessage(bytes)
}

private func checkHeader(_ text: String) {
    guard let signature = MessageSignature(parsing: text) else { return }
    precondition(signature.text == text, "A signature has one spelling.")
}

private func checkBody(_ text: [UInt8]) {
    guard let body = try? SignedBody(parsing: text[...]) else { return }
    let separator: [UInt8] = [0, 1]
    let head = [
        Base64.encode(Array(body.signer.utf8)[...]), Base64.encode(body.signature[...]), Array(body.contentType.utf8),
        Array(body.contentEncoding.utf8),
    ]
    let fields = Array(head.joined(separator: separator)) + separator + body.content
    precondition(Base64.encode(fields[...]) == text, "A signed body has one spelling.")
}

private func checkMessage(_ bytes: [UInt8]) {
    guard let envelope = try? Envelope(parsing: bytes[...]), let key = MessageSignature(parsing: "v1 k 1 ") else {
        return
    }
    let text = key.signedText(of: envelope)
    let again = try? Envelope(parsing: envelope.returned(losses: 1).serialized()[...])
    precondition(again.map { key.signedText(of: $0) } == text, "A message that is given back is signed as it was.")
    precondition(key.signedText(ofRequest: envelope) != text, "A signature of a task is none of a request.")
}
