/// In which order queues are asked. A message of an urgent priority step comes first in any case, from whichever queue.
public enum QueueOrder: String, CaseIterable, Sendable {
    /// The queue that has delivered comes last the next time. Celery: `queue_order_strategy`, the default.
    case roundRobin = "round_robin"
    /// As they were given: a queue is asked only when those before it are empty. Celery: `priority`.
    case strict
    /// In the order of their names. Celery: `sorted`.
    case sorted
    /// At random, the more often first the more weight a queue has: `critical=6`, `celery=1`.
    case weighted
}

/// A queue, and how much it counts where queues are weighted.
public struct WeightedQueue: Hashable, Sendable {
    /// The queue's name.
    public var name: String
    /// From 1.
    public var weight = 1

    /// A queue of weight 1.
    public init(_ name: String, weight: Int = 1) {
        self.name = name
        self.weight = weight
    }

    /// Reads `name=weight`, or a name alone; `nil` for a weight that is none, or no name.
    init?(weighted text: String) {
        guard let mark = text.lastIndex(of: "=") else {
            self.init(text)
            return
        }
        guard let weight = Int(text[text.index(after: mark)...]), (1...1_000).contains(weight), mark > text.startIndex
        else { return nil }
        self.init(String(text[..<mark]), weight: weight)
    }
}

/// When a message is acknowledged.
public enum Acknowledgement: String, CaseIterable, Sendable {
    /// After its task: a lost child or worker loses nothing.
    case late
    /// Before its task: it runs at most once. Celery: `acks_late` off.
    case early
}

/// What concerns the messages of one task.
public struct DeliverySettings: Equatable, Sendable {
    /// When they are acknowledged.
    public let acknowledgement: Acknowledgement
    /// Whether results are not stored, unless the message says otherwise.
    public let ignoresResult: Bool
    /// Whether the state STARTED is stored.
    public let tracksStart: Bool
    /// How many may start.
    public let admission: AdmissionSettings
    /// Whether only messages are run that a known key has signed.
    public let requiresSignature: Bool
    /// Whether only bodies are run that Celery has signed with a known certificate.
    public let requiresCertificate: Bool

    /// The same with another limit on starts; `nil` for none.
    public func limited(to rate: Rate?) -> DeliverySettings {
        let admission = AdmissionSettings(
            rate: rate, maxConcurrent: self.admission.maxConcurrent, key: self.admission.key)
        return DeliverySettings(
            acknowledgement: self.acknowledgement, ignoresResult: self.ignoresResult, tracksStart: self.tracksStart,
            admission: admission, requiresSignature: self.requiresSignature,
            requiresCertificate: self.requiresCertificate)
    }
}

extension DeliverySettings {
    /// Settings of a task that checks no signatures.
    package init(
        acknowledgement: Acknowledgement, ignoresResult: Bool, tracksStart: Bool, rate: Rate?, maxConcurrent: Int?
    ) {
        self.init(
            acknowledgement: acknowledgement, ignoresResult: ignoresResult, tracksStart: tracksStart,
            admission: AdmissionSettings(rate: rate, maxConcurrent: maxConcurrent, key: nil), requiresSignature: false,
            requiresCertificate: false)
    }
}

/// What concerns the broker and the result backend.
public struct BrokerSettings: Equatable, Sendable {
    /// The broker's URL; `nil` for none.
    public let url: String?
    /// The result backend's URL; `nil` stores no results.
    public let resultBackend: String?
    /// What sentinels call the master.
    public let masterName: String
    /// The queues to take from.
    public let queues: [WeightedQueue]
    /// In which order they are asked.
    public let queueOrder: QueueOrder
    /// The worker's name, with `%h`, `%n` and `%d`.
    public let name: String
    /// Age after which a message that is held and not renewed is handed out again.
    public let visibilityTimeout: Duration
    /// Silence after which a worker is taken for dead.
    public let workerTimeout: Duration
    /// How often a message may be handed out.
    public let maxDeliveries: Int
    /// How long results are kept; zero for ever.
    public let resultExpires: Duration
    /// Whether results tell of the request.
    public let resultExtended: Bool
    /// In front of the broker's keys.
    public let keyPrefix: String
    /// In front of the result backend's keys.
    public let resultKeyPrefix: String
    /// What concerns signed messages.
    public let signing: SigningSettings

    /// The name on a host.
    public func nodeName(host: String) -> String {
        let parts = host.split(separator: ".", maxSplits: 1)
        let name = self.name.contains("@") ? self.name : "\(self.name)@%h"
        return name.replacing("%h", with: host).replacing("%n", with: String(parts.first ?? ""))
            .replacing("%d", with: parts.count > 1 ? String(parts[1]) : "")
    }
}
