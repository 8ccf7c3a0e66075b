import Redis

/// What a Redis server answers: any bytes are replies or refused, and the same in pieces as whole.
func exerciseReplies(_ bytes: [UInt8]) {
    let whole = replies(in: [bytes[...]])
    precondition(whole == replies(in: [bytes[..<(bytes.count / 3)], bytes[(bytes.count / 3)...]]))
    precondition(whole == replies(in: bytes.indices.map { bytes[$0...$0] }))
    for reply in whole.replies { look(at: reply) }
}

private struct Answers: Equatable {
    var replies: [Reply] = []
    var isRefused = false
}

private func replies(in chunks: [ArraySlice<UInt8>]) -> Answers {
    let decoder = ReplyDecoder()
    var answers = Answers()
    do throws(ProtocolError) {
        for chunk in chunks where !chunk.isEmpty {
            chunk.withUnsafeBytes { decoder.append($0) }
            while let reply = try decoder.next() { answers.replies.append(reply) }
        }
    } catch {
        answers.isRefused = true
    }
    return answers
}

private func look(at reply: Reply) {
    _ = (reply.asText, reply.asInt)
    if case .error(let error) = reply { _ = (error.code, error.remedy) }
    for element in reply.asArray ?? [] { look(at: element) }
}
