import EngineSupport
import Foundation
import JSON

/// Where real Celery is, and how programs of it are started.
enum PythonPeers {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let python = root.appending(path: ".build/peers/bin/python").path
    private static let programs = root.appending(path: "Tests/Fixtures/peer").path

    /// Whether it has also installed what Ed25519 and Celery's `auth` serializer need.
    static let canSign = Self.areInstalled && Self.has("cryptography")

    /// Whether it has also installed Flower.
    static let haveFlower = Self.areInstalled && Self.has("flower")

    private static func has(_ package: String) -> Bool {
        let libraries = root.appending(path: ".build/peers/lib")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: libraries.path)) ?? []
        return versions.contains { version in
            FileManager.default.fileExists(atPath: "\(libraries.path)/\(version)/site-packages/\(package)")
        }
    }

    /// Whether `scripts/python-peers` has installed Celery.
    static let areInstalled: Bool = {
        let directory = root.appending(path: ".build/peers").path
        let files = try? FileManager.default.contentsOfDirectory(atPath: directory)
        return files?.contains { $0.hasPrefix("installed-") } ?? false
    }()

    /// Starts Python with these arguments, with `tasks.py` at hand.
    static func start(
        _ arguments: [String], _ connection: PeerConnection, environment further: [String: String] = [:]
    ) throws -> Program {
        let environment = connection.environment.merging([
            "PYTHONPATH": programs, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
        ]) { $1 }.merging(further) { $1 }
        let command = [self.python] + arguments
        return try Program(command: command, environment: environment, expectsOutcomes: false)
    }

    /// The path of one of the programs of `Tests/Fixtures/peer`.
    static func program(_ name: String) -> String { self.programs + "/" + name }
}

/// What a Python peer is connected to.
struct PeerConnection {
    /// URL of the broker.
    var broker: String
    /// URL of the result backend.
    var backend: String
    /// URL of the Redis that `tasks.mark` leaves its marks in.
    var marks: String
    /// Celery settings by their names, such as `["task_acks_late": false]`.
    var settings: JSONObject = [:]
    /// The file of a key to sign with.
    var signingKey: String?
    /// Further variables of the environment.
    var further: [String: String] = [:]

    /// All at one server: messages in database 0, results in database 1, as in many installations.
    init(_ server: RedisServer, settings: JSONObject = [:]) {
        (self.broker, self.backend, self.marks) = (server.url(), server.url(database: 1), server.url())
        self.settings = settings
    }

    /// At these URLs.
    init(broker: String, backend: String, marks: String) {
        (self.broker, self.backend, self.marks) = (broker, backend, marks)
    }

    fileprivate var environment: [String: String] {
        let all: [String: String?] = [
            "PEER_BROKER": self.broker, "PEER_BACKEND": self.backend, "PEER_MARKS": self.marks,
            "PEER_SETTINGS": JSONValue.object(self.settings).description, "PEER_SIGNING_KEY": self.signingKey,
        ]
        return all.compactMapValues { $0 }.merging(self.further) { $1 }
    }
}
