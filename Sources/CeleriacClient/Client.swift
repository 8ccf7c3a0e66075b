import Celery
import Redis
import Supervision
import Synchronization
import Syscalls

/// Sends tasks to Celeriac's and Celery's workers through Redis, and awaits their results.
///
/// ```swift
/// let client = try Client("redis://127.0.0.1:6379/0", resultBackend: "redis://127.0.0.1:6379/1")
/// let handle = try await client.send("tasks.add", 2, 3, returning: Int.self)
/// print(try await handle.value(timeout: .seconds(10)))
/// ```
///
/// A client is for all threads and tasks of a program: what they ask at the same time goes out together, and no call
/// blocks a thread. It has one thread of its own and up to three connections, opened when they are first needed and
/// made anew when they are lost. It ends with ``close()``, or when neither it nor a ``ResultHandle`` is left.
public final class Client: Sendable {
    let broker: ServerURL
    let keys: BrokerKeys
    let resultKeys: ResultKeys
    let options: ClientOptions
    let origin = "gen\(ownProcessID)@\(hostName())"
    /// Queues that the present connection has made known.
    let knownQueues: KnownQueues
    private let mailbox: Mailbox
    private let lastID = Atomic<UInt64>(0)

    /// A client of a broker, and of a result backend, which may be the same server and database.
    ///
    /// URLs are those of Celery: `redis://[user:password@]host[:6379][/db]`, `rediss://` for TLS, `redis+socket:///path`,
    /// `sentinel://host[:26379][/db];sentinel://host2` for the master that sentinels name.
    /// Without a result backend, results cannot be awaited. Nothing is sent yet. Throws ``ClientError`` with the code `invalid` for a URL
    /// that cannot be used, and with `unreachable` when the process can open no more descriptors or threads.
    public init(
        _ broker: String, resultBackend: String? = nil, options: ClientOptions = ClientOptions()
    ) throws(ClientError) {
        self.broker = try Self.url(broker, "broker", options)
        let results = try resultBackend.map { text throws(ClientError) in
            try Self.url(text, "result backend", options)
        }
        self.keys = BrokerKeys(prefix: options.keyPrefix)
        self.resultKeys = ResultKeys(globalPrefix: options.resultKeyPrefix)
        self.options = options
        let known = KnownQueues()
        self.knownQueues = known
        do {
            let mailbox = try Mailbox()
            self.mailbox = mailbox
            let loop = try ClientLoop(
                broker: self.broker, results: results, options: options, mailbox: mailbox,
                brokerReady: { known.forgetAll() })
            try startThread(named: "celeriac-client") { loop.run() }
        } catch {
            throw ClientError(.unreachable, "cannot start the client: \(error)")
        }
    }

    deinit { _ = self.mailbox.post(.close({})) }

    private static func url(
        _ text: String, _ what: String, _ options: ClientOptions
    ) throws(ClientError) -> ServerURL {
        do throws(RedisURLError) { return try ServerURL(text, master: options.masterName) } catch {
            throw ClientError(.invalid, "\(what): \(error)")
        }
    }

    /// Ends the client. Calls that are open throw ``ClientError`` with the code `closed`, or `uncertain` for what was
    /// sent and not answered; later ones throw `closed`. Returns when its thread is done.
    public func close() async {
        await withCheckedContinuation { continuation in
            if !self.mailbox.post(.close({ continuation.resume() })) { continuation.resume() }
        }
    }

    // MARK: Asking

    /// Asks one command.
    func ask(_ command: Command, at place: Place = .broker, isRepeatable: Bool) async throws -> Reply {
        try await self.ask([command], at: place, isRepeatable: isRepeatable)[0].get()
    }

    /// Asks several commands in one go. Throws `CancellationError`; other failures are each command's own.
    func ask(
        _ commands: [Command], at place: Place = .broker, isRepeatable: Bool
    ) async throws -> [Result<Reply, ClientError>] {
        let deadline = Self.now + self.options.timeout
        let answers = await self.call { id, continuation in
            let question = Question(commands, at: place, isRepeatable: isRepeatable, deadline: deadline) {
                continuation.resume(returning: $0)
            }
            if !self.mailbox.post(.ask(id: id, question)) { question.end(.closed) }
        }
        if case .failure(let error) = answers[0], error.code == .cancelled { throw CancellationError() }
        return answers
    }

    /// Waits for the last document of a task.
    func wait(for id: String, timeout: Duration?) async throws -> ResultDocument {
        let deadline = timeout.map { Self.now + $0 } ?? .distantFuture
        let key = self.resultKeys.task(id)
        let result: Result<ResultDocument, ClientError> = await self.call { id, continuation in
            let wait = Wait(key: key, deadline: deadline) { continuation.resume(returning: $0) }
            if !self.mailbox.post(.wait(id: id, wait)) { wait.completion(.failure(.closed)) }
        }
        switch result {
        case .success(let document): return document
        case .failure(let error): throw error.thrown
        }
    }

    /// Hands over a request, and the news when the caller is cancelled.
    private func call<Value: Sendable>(
        _ post: (UInt64, CheckedContinuation<Value, Never>) -> Void
    ) async -> Value {
        let id = self.lastID.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                post(id, continuation)
                // The handler may have run before there was anything to cancel.
                if Task.isCancelled { _ = self.mailbox.post(.cancel(id: id)) }
            }
        } onCancel: {
            _ = self.mailbox.post(.cancel(id: id))
        }
    }

    private static var now: Instant { Instant(nanoseconds: monotonicNanoseconds()) }
}
