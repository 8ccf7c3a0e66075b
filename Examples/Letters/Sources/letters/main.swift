import Celeriac

var worker = Worker()

// Arguments come by place or by name: {"args":["a b"]} or {"kwargs":{"text":"a b"}}.
worker.task("words.count", parameters: "text") { (text: String) in
    text.split(separator: " ").count
}

// A mistake in here ends the child with a trap, and costs this attempt only.
worker.task("words.nth", parameters: "text", "index") { (text: String, index: Int) in
    String(text.split(separator: " ")[index])
}

// A Codable type can describe all keyword arguments at once.
struct Letter: Codable {
    var to: String
    var pages = 1
}

// Async tasks are cancelled at their soft limit. The context tells about the attempt, and publishes other tasks.
worker.task("letters.write", options: TaskOptions(softTime: .seconds(2), memory: .mebibytes(256))) {
    (letter: Letter, context: TaskContext) async throws -> String in
    for page in 1...letter.pages {
        try await Task.sleep(for: .milliseconds(100))
        context.logger.info("wrote page \(page) to \(letter.to)")
    }
    try context.publish("letters.post", arguments: [letter.to])
    return "\(letter.pages) pages to \(letter.to)"
}

struct PostOfficeClosed: Error {}

// Throwing fails the attempt; `automaticRetry` runs it again, here at once instead of with a growing wait.
worker.task("letters.post", parameters: "to", options: TaskOptions(automaticRetry: true, backoff: .zero)) {
    (recipient: String, context: TaskContext) throws -> String in
    if context.attempt == 1 { throw PostOfficeClosed() }
    return "posted to \(recipient)"
}

worker.main()
