/// What a worker is doing and has done, as it answers to `snapshot`. Durations are seconds, sizes bytes.
///
/// Which parts are there is the asker's choice; those that were not asked for are `nil`.
public struct WorkerSnapshot: Codable, Equatable, Sendable {
    /// The parts that can be asked for.
    public enum Part: String, CaseIterable, Sendable {
        case queues, tasks, children, failures
    }

    /// The worker's own.
    public var worker: Worker
    /// Its broker.
    public var broker: Broker
    /// Its pools, the default one first.
    public var pools: [Pool]
    /// What waits in the queues that it takes from; `nil` as well while the server is away.
    public var queues: [Queue]?
    /// What tasks have done, those that something happened to.
    public var tasks: [Task]?
    /// Its children.
    public var children: [Child]?
    /// What went wrong lately, the newest first.
    public var failures: [Failure]?

    /// A snapshot without the parts.
    public init(worker: Worker, broker: Broker, pools: [Pool]) {
        (self.worker, self.broker, self.pools) = (worker, broker, pools)
    }

    /// The master.
    public struct Worker: Codable, Equatable, Sendable {
        public var name: String
        public var pid: Int32
        public var version: String
        public var state: WorkerState
        public var uptime: Double
        /// Resident memory of the master.
        public var memory: UInt64
        /// Processor time of the master.
        public var cpu: Double
        /// What became of spans; `nil` where none are made.
        public var spans: Spans?

        public init(
            name: String, pid: Int32, version: String, state: WorkerState, uptime: Double, memory: UInt64, cpu: Double
        ) {
            (self.name, self.pid, self.version, self.state) = (name, pid, version, state)
            (self.uptime, self.memory, self.cpu) = (uptime, memory, cpu)
        }
    }

    /// Spans of attempts.
    public struct Spans: Codable, Equatable, Sendable {
        /// Spans that whoever collects them has taken.
        public var sent: Int
        /// Spans that nobody took.
        public var dropped: Int

        public init(sent: Int, dropped: Int) { (self.sent, self.dropped) = (sent, dropped) }
    }

    /// The connection to the broker, and what was done over it.
    public struct Broker: Codable, Equatable, Sendable {
        public var server: String
        public var connected: Bool
        /// Messages taken.
        public var taken: Int
        /// Deliveries ended.
        public var settled: Int
        /// Deliveries that another worker had been given before they ended here.
        public var stale: Int
        /// Messages of dead workers that this one handed back.
        public var recovered: Int
        /// Deliveries that this worker has a lease on.
        public var leases: Int
        /// Messages that have not started.
        public var waiting: Int
        /// Dead letters, by reason.
        public var dead: [String: Int]
        /// What waits at the server beside queues; `nil` as long as it was not asked or is away.
        public var atServer: ServerSide?

        public init(
            server: String, connected: Bool, taken: Int, settled: Int, stale: Int, recovered: Int, leases: Int,
            waiting: Int, dead: [String: Int]
        ) {
            (self.server, self.connected, self.taken, self.settled) = (server, connected, taken, settled)
            (self.stale, self.recovered, self.leases, self.waiting) = (stale, recovered, leases, waiting)
            self.dead = dead
        }

        enum CodingKeys: String, CodingKey {
            case server, connected, taken, settled, stale, recovered, leases, waiting, dead
            case atServer = "at_server"
        }
    }

    /// What all workers of a broker share.
    public struct ServerSide: Codable, Equatable, Sendable {
        /// Messages that workers hold.
        public var unacknowledged: Int
        /// Messages that are not due.
        public var scheduled: Int
        /// Dead letters that are kept.
        public var dead: Int

        public init(unacknowledged: Int, scheduled: Int, dead: Int) {
            (self.unacknowledged, self.scheduled, self.dead) = (unacknowledged, scheduled, dead)
        }
    }

    /// Children of a kind.
    public struct Pool: Codable, Equatable, Sendable {
        public var name: String
        /// Children that it is to have.
        public var concurrency: Int
        /// Children that are there.
        public var children: Int
        /// Slots that tasks take.
        public var busy: Int
        /// Slots in all.
        public var slots: Int
        /// Children that it has ever ordered.
        public var ordered: UInt64
        /// Children that were replaced, by reason.
        public var recycled: [String: UInt64]

        public init(
            name: String, concurrency: Int, children: Int, busy: Int, slots: Int, ordered: UInt64,
            recycled: [String: UInt64]
        ) {
            (self.name, self.concurrency, self.children, self.busy) = (name, concurrency, children, busy)
            (self.slots, self.ordered, self.recycled) = (slots, ordered, recycled)
        }
    }

    /// A queue that is taken from.
    public struct Queue: Codable, Equatable, Sendable {
        public var name: String
        /// Messages that wait.
        public var length: Int
        /// How long the message that comes next has been seen in its place, at least.
        public var stalled: Double

        public init(name: String, length: Int, stalled: Double) {
            (self.name, self.length, self.stalled) = (name, length, stalled)
        }
    }

    /// How often attempts ended in one way.
    public struct End: Codable, Equatable, Sendable {
        public var outcome: String
        /// The cause of an end by the engine; empty for none.
        public var cause: String
        public var count: UInt64

        public init(outcome: String, cause: String, count: UInt64) {
            (self.outcome, self.cause, self.count) = (outcome, cause, count)
        }
    }

    /// A histogram: values in each bucket, not added up, and all of them added up.
    public struct Distribution: Codable, Equatable, Sendable {
        public var counts: [UInt64]
        public var sum: UInt64

        public init(_ histogram: Histogram) { (self.counts, self.sum) = (histogram.counts, histogram.sum) }
    }

    /// What a task has done in this worker. Sums of times are nanoseconds.
    public struct Task: Codable, Equatable, Sendable {
        public var name: String
        public var ends: [End]
        public var run: Distribution
        public var wait: Distribution
        public var memory: Distribution
        /// The highest peak of an attempt.
        public var peak: UInt64
        /// Heap that a run leaves behind, where enough runs were looked at.
        public var retained: Double?
        /// The resources that it leaks.
        public var leaks: [String]

        public init(name: String, meter: TaskMeter, retained: Double? = nil, leaks: [String] = []) {
            self.name = name
            self.ends = meter.seenEnds
            self.run = Distribution(meter.runTime)
            self.wait = Distribution(meter.waitTime)
            self.memory = Distribution(meter.peakMemory)
            self.peak = meter.highestPeak
            (self.retained, self.leaks) = (retained, leaks)
        }
    }

    /// A child.
    public struct Child: Codable, Equatable, Sendable {
        /// Its number among all children of the worker.
        public var number: UInt64
        public var pid: Int32?
        public var pool: String
        public var state: String
        /// Tasks that it was given.
        public var tasks: Int
        public var age: Double
        /// Its resident memory.
        public var memory: UInt64
        public var running: [Running]

        public init(
            number: UInt64, pid: Int32?, pool: String, state: String, tasks: Int, age: Double, memory: UInt64,
            running: [Running]
        ) {
            (self.number, self.pid, self.pool, self.state) = (number, pid, pool, state)
            (self.tasks, self.age, self.memory, self.running) = (tasks, age, memory, running)
        }
    }

    /// A task in a child.
    public struct Running: Codable, Equatable, Sendable {
        public var task: String
        public var id: String
        /// How long it has run; `nil` while it waits in the child's pipe.
        public var runtime: Double?
        /// Memory that it has added so far, where its limits have it measured.
        public var memory: UInt64
        /// Its memory limit.
        public var limit: UInt64?

        public init(task: String, id: String, runtime: Double?, memory: UInt64, limit: UInt64?) {
            (self.task, self.id, self.runtime) = (task, id, runtime)
            (self.memory, self.limit) = (memory, limit)
        }
    }

    /// An end that went wrong.
    public struct Failure: Codable, Equatable, Sendable {
        /// Seconds since 1970.
        public var time: Double
        public var task: String
        public var id: String
        /// Whether the message runs again.
        public var again: Bool
        public var type: String
        public var message: String
        public var cause: String?
        public var runtime: Double?
        /// What is known of it, in lines for people.
        public var report: [String]

        public init(_ entry: RecentFailures.Entry, task: String, report: [String]) {
            (self.time, self.task, self.id, self.again) = (entry.time, task, entry.id, entry.runsAgain)
            (self.type, self.message, self.cause) = (entry.type, entry.message, entry.cause)
            (self.runtime, self.report) = (entry.runTime, report)
        }
    }
}
