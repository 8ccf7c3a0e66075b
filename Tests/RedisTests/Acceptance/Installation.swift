import JSON

/// A Redis server and a Celery client of a test's own.
struct Installation {
    let server: RedisServer
    let client: CeleryClient

    init(_ settings: [String: String] = [:]) throws {
        self.server = try RedisServer(settings)
        self.client = try CeleryClient(self.server)
    }

    /// Keyword arguments for so many calls of `tasks.mark`, the keys numbered.
    static func marks(_ count: Int, seconds: (Int) -> Double) -> [JSONObject] {
        (0..<count).map { number in
            ["key": .string("mark-\(number)"), "seconds": JSONNumber(seconds(number)).map { .number($0) } ?? 0]
        }
    }

    /// Marks that are in the list, sorted.
    func marks() throws -> [String] { try self.server.list("marks").sorted() }

    /// Whether no message is left: neither waiting in a queue nor held by a worker.
    func isDrained(_ queue: String = "celery") throws -> Bool {
        try self.server.length(queue) == 0 && self.server.unacknowledged() == [0, 0]
    }
}
