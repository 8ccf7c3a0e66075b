import Celery
import Reactor
import Redis
import Supervision

/// One wait for the last document of a key.
struct Wait: Sendable {
    let key: String
    let deadline: Instant
    let completion: @Sendable (Result<ResultDocument, ClientError>) -> Void
}

/// Waits for results as Celery's client does: subscribes to a result's channel, reads its key once, then listens. After
/// the loss of either connection it does so again, so that no result is missed.
///
/// Belongs to the loop's thread.
final class ResultWatch: RedisConnectionOwner {
    /// Channels in one command, keys in another: the server does nothing else meanwhile.
    private static let mostChannels = 1_000
    private static let mostKeys = 200

    private let url: ServerURL
    private let waitsForServer: Bool
    private let link: Link
    private var connection: RedisConnection!
    private var waits: [String: [UInt64: Wait]] = [:]
    private var keysByID: [UInt64: String] = [:]
    private var toSubscribe: [String] = []
    private var toUnsubscribe: [String] = []
    private var toRead: [String] = []
    private var wasReady = false
    private var lastFailure: String?
    /// Hears that a wait has ended.
    var ended: (UInt64) -> Void = { _ in }

    init(_ url: ServerURL, link: Link, options: ClientOptions, on reactor: Reactor, seed: UInt64) {
        self.url = url
        self.waitsForServer = options.waitsForServer
        self.link = link
        let name = options.name.map { "\($0)-results" }
        self.connection = RedisConnection(
            to: url.endpoint(), login: url.login(name: name), on: reactor, owner: self, seed: seed)
    }

    /// When ``pass(now:)`` must be called at the latest.
    var nextWake: Instant { self.connection.nextWake }

    /// Begins a wait.
    func begin(_ id: UInt64, _ wait: Wait) {
        if self.waits[wait.key] == nil { self.toSubscribe.append(wait.key) }
        self.waits[wait.key, default: [:]][id] = wait
        self.keysByID[id] = wait.key
        self.connection.start()
    }

    /// Ends a wait without its document.
    func end(_ id: UInt64, _ error: ClientError) {
        guard let key = self.keysByID.removeValue(forKey: id), let wait = self.waits[key]?.removeValue(forKey: id)
        else {
            return
        }
        if self.waits[key]?.isEmpty == true { self.forget(key) }
        self.ended(id)
        wait.completion(.failure(error))
    }

    /// Why a wait was in vain.
    func timeout(_ id: UInt64) -> ClientError {
        let reason = self.lastFailure.map { "; \(self.url.masked): \($0)" } ?? ""
        return ClientError(.timedOut, "no result in time\(reason)")
    }

    /// Does what is due, and writes what was asked since the last pass.
    func pass(now: Instant) {
        self.connection.timePassed(now: now)
        guard self.connection.isReady else { return }
        self.unsubscribe()
        self.subscribe()
        self.read()
        self.connection.flush()
    }

    /// Ends the connection. Waits must have been ended before.
    func stop() { self.connection.stop() }

    // MARK: Commands

    private func subscribe() {
        let keys = self.toSubscribe.filter { self.waits[$0] != nil }
        self.toSubscribe = []
        self.sendInPieces("SUBSCRIBE", keys)
    }

    private func unsubscribe() {
        let keys = self.toUnsubscribe.filter { self.waits[$0] == nil }
        self.toUnsubscribe = []
        self.sendInPieces("UNSUBSCRIBE", keys)
    }

    private func sendInPieces(_ word: String, _ keys: [String]) {
        for start in stride(from: 0, to: keys.count, by: Self.mostChannels) {
            var command = Command(word)
            for key in keys[start..<min(start + Self.mostChannels, keys.count)] { command.add(key) }
            self.connection.sendUnanswered(command)
        }
    }

    /// Reads the keys whose channels are subscribed to: a result that came before is there.
    private func read() {
        let keys = self.toRead.filter { self.waits[$0] != nil }
        self.toRead = []
        for start in stride(from: 0, to: keys.count, by: Self.mostKeys) {
            self.read(Array(keys[start..<min(start + Self.mostKeys, keys.count)]))
        }
    }

    private func read(_ keys: [String]) {
        var command = Command("MGET")
        for key in keys { command.add(key) }
        // The link calls back on this thread, and while it does the loop holds both.
        nonisolated(unsafe) let watch = self
        self.link.ask(
            Question([command], at: .results, isRepeatable: true, deadline: .distantFuture) { answers in
                watch.wasRead(keys, answers[0])
            })
    }

    private func wasRead(_ keys: [String], _ answer: Question.Answer) {
        switch answer {
        case .success(let reply):
            for (key, value) in zip(keys, reply.asArray ?? []) {
                if let bytes = value.asBytes { self.received(bytes[...], for: key) }
            }
        case .failure(let error): for key in keys { self.finish(key, .failure(error)) }
        }
    }

    // MARK: Documents

    private func received(_ bytes: ArraySlice<UInt8>, for key: String) {
        guard self.waits[key] != nil else { return }
        do throws(BodyError) {
            let document = try ResultDocument(stored: bytes)
            if document.state.isReady { self.finish(key, .success(document)) }
        } catch {
            self.finish(key, .failure(ClientError(.undecodable, "\(key): \(error)")))
        }
    }

    private func finish(_ key: String, _ result: Result<ResultDocument, ClientError>) {
        let waits = self.waits[key] ?? [:]
        self.forget(key)
        for (id, wait) in waits {
            self.keysByID[id] = nil
            self.ended(id)
            wait.completion(result)
        }
    }

    private func forget(_ key: String) {
        self.waits[key] = nil
        self.toUnsubscribe.append(key)
    }

    private func failAll(_ error: ClientError) {
        for key in Array(self.waits.keys) { self.finish(key, .failure(error)) }
    }

    // MARK: Connection

    func connectionIsReady(_ connection: RedisConnection) {
        self.wasReady = true
        self.lastFailure = nil
        self.toUnsubscribe = []
        self.toSubscribe = Array(self.waits.keys)
    }

    func connectionWasLost(_ connection: RedisConnection, reason: String) {
        self.lastFailure = reason
        if !self.wasReady, !self.waitsForServer {
            self.failAll(ClientError(.unreachable, "\(self.url.masked): \(reason)"))
        }
    }

    func connectionWasRefused(_ connection: RedisConnection, reason: String) {
        self.failAll(ClientError(.refused, "\(self.url.masked): \(reason)"))
    }

    func connection(_ connection: RedisConnection, received message: [Reply]) {
        guard message.count == 3, let channel = message[1].asText else { return }
        switch message[0].asText {
        // Also for a channel that was left and entered again meanwhile: then it comes twice, and is read twice.
        case "subscribe": self.toRead.append(channel)
        case "message": if case .bytes(let bytes) = message[2] { self.received(bytes[...], for: channel) }
        default: break
        }
    }
}

extension ResultDocument {
    /// Reads a document, compressed or not, in whichever serializer its worker wrote it.
    init(stored bytes: ArraySlice<UInt8>) throws(BodyError) {
        let bytes = try CompressedResult(bytes)?.decompress() ?? bytes
        try self.init(parsing: bytes, serializer: Self.serializer(of: bytes))
    }

    /// A document is an object, which each serializer begins in its own way.
    private static func serializer(of bytes: ArraySlice<UInt8>) -> Serializer {
        switch bytes.first ?? 0 {
        case UInt8(ascii: "{"): .json
        case 0x80...0x8F, 0xDE, 0xDF: .messagePack
        default: .yaml
        }
    }
}
