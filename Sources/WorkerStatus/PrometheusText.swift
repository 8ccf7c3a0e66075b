/// A snapshot in the text format of Prometheus, version 0.0.4.
///
/// Labels are bounded: tasks are those that the worker knows, and one for all others; outcomes, causes and reasons are
/// fixed words; queues and pools are the configured ones.
public struct PrometheusText {
    /// The media type.
    public static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private var text = ""

    /// Renders a snapshot.
    public static func render(_ snapshot: WorkerSnapshot) -> String {
        var page = PrometheusText()
        page.add(snapshot.worker)
        page.add(snapshot.broker)
        page.add(snapshot.pools)
        if let queues = snapshot.queues { page.add(queues) }
        if let tasks = snapshot.tasks { page.add(tasks) }
        return page.text
    }

    private mutating func add(_ worker: WorkerSnapshot.Worker) {
        self.family("celeriac_worker_info", .gauge, "The worker; always 1.") {
            $0.sample([("worker", worker.name), ("version", worker.version)], 1)
        }
        self.family("celeriac_worker_state", .gauge, "1 for the state that the worker is in.") {
            for state in WorkerState.allCases {
                $0.sample([("state", state.rawValue)], state == worker.state ? 1 : 0)
            }
        }
        self.single("celeriac_worker_uptime_seconds", .gauge, "Time since the worker started.", worker.uptime)
        self.single(
            "celeriac_master_memory_bytes", .gauge, "Resident memory of the master.", Double(worker.memory))
        self.single(
            "celeriac_master_cpu_seconds_total", .counter, "Processor time of the master.", worker.cpu)
        guard let spans = worker.spans else { return }
        self.single("celeriac_spans_sent_total", .counter, "Spans that were handed over.", Double(spans.sent))
        self.single("celeriac_spans_dropped_total", .counter, "Spans that nobody took.", Double(spans.dropped))
    }

    private mutating func add(_ broker: WorkerSnapshot.Broker) {
        self.single(
            "celeriac_broker_connected", .gauge, "Whether the broker is connected.", broker.connected ? 1 : 0)
        self.single(
            "celeriac_messages_taken_total", .counter, "Messages taken from queues.", Double(broker.taken))
        self.single(
            "celeriac_deliveries_settled_total", .counter,
            "Deliveries ended at the broker, those that went back among them.", Double(broker.settled))
        self.single(
            "celeriac_deliveries_stale_total", .counter,
            "Deliveries that another worker had been given before they ended here.", Double(broker.stale))
        self.single(
            "celeriac_deliveries_recovered_total", .counter, "Messages of dead workers that were handed back.",
            Double(broker.recovered))
        self.single(
            "celeriac_leases", .gauge, "Deliveries that the worker has a lease on.", Double(broker.leases))
        self.single(
            "celeriac_messages_waiting", .gauge, "Messages that were taken and have not started.",
            Double(broker.waiting))
        self.family("celeriac_dead_letters_total", .counter, "Messages that this worker gave up.") {
            for (reason, count) in broker.dead.sorted(by: { $0.key < $1.key }) {
                $0.sample([("reason", reason)], Double(count))
            }
        }
        guard let server = broker.atServer else { return }
        self.single(
            "celeriac_broker_unacknowledged", .gauge, "Messages that workers of this broker hold.",
            Double(server.unacknowledged))
        self.single(
            "celeriac_broker_scheduled", .gauge, "Messages at the broker that are not due.", Double(server.scheduled))
        self.single("celeriac_broker_dead_letters", .gauge, "Dead letters at the broker.", Double(server.dead))
    }

    private mutating func add(_ pools: [WorkerSnapshot.Pool]) {
        let gauges: [(String, String, (WorkerSnapshot.Pool) -> Int)] = [
            ("celeriac_pool_concurrency", "Children that the pool is to have.", { $0.concurrency }),
            ("celeriac_pool_children", "Children that are there.", { $0.children }),
            ("celeriac_pool_slots", "Tasks that can run at a time.", { $0.slots }),
            ("celeriac_pool_busy_slots", "Tasks that run.", { $0.busy }),
        ]
        for (name, help, value) in gauges {
            self.family(name, .gauge, help) {
                for pool in pools { $0.sample([("pool", pool.name)], Double(value(pool))) }
            }
        }
        self.family("celeriac_children_ordered_total", .counter, "Children that were ordered.") {
            for pool in pools { $0.sample([("pool", pool.name)], Double(pool.ordered)) }
        }
        self.family("celeriac_children_recycled_total", .counter, "Children that were replaced on purpose.") {
            for pool in pools {
                for (reason, count) in pool.recycled.sorted(by: { $0.key < $1.key }) {
                    $0.sample([("pool", pool.name), ("reason", reason)], Double(count))
                }
            }
        }
    }

    private mutating func add(_ queues: [WorkerSnapshot.Queue]) {
        self.family("celeriac_queue_length", .gauge, "Messages that wait in the queue.") {
            for queue in queues { $0.sample([("queue", queue.name)], Double(queue.length)) }
        }
        self.family(
            "celeriac_queue_stalled_seconds", .gauge,
            "How long the message that comes next has been seen in its place, at least."
        ) {
            for queue in queues { $0.sample([("queue", queue.name)], queue.stalled) }
        }
    }

    private mutating func add(_ tasks: [WorkerSnapshot.Task]) {
        self.family("celeriac_tasks_total", .counter, "Attempts by how they ended.") {
            for task in tasks {
                for end in task.ends {
                    $0.sample(
                        [("task", task.name), ("outcome", end.outcome), ("cause", end.cause)], Double(end.count))
                }
            }
        }
        self.histogram(
            "celeriac_task_run_seconds", "How long attempts ran.", tasks, Histogram.timeBounds, unit: 1e9, \.run)
        self.histogram(
            "celeriac_task_wait_seconds", "How long messages were held before their task started.", tasks,
            Histogram.timeBounds, unit: 1e9, \.wait)
        self.histogram(
            "celeriac_task_peak_memory_bytes", "Memory that attempts added at their peaks.", tasks,
            Histogram.memoryBounds, unit: 1, \.memory)
        self.family("celeriac_task_highest_memory_bytes", .gauge, "The highest peak of an attempt.") {
            for task in tasks { $0.sample([("task", task.name)], Double(task.peak)) }
        }
        self.family("celeriac_task_retained_bytes", .gauge, "Heap that a run leaves behind, as estimated.") {
            for task in tasks {
                if let retained = task.retained { $0.sample([("task", task.name)], retained) }
            }
        }
        self.family("celeriac_task_leaks", .gauge, "1 for each resource that the task leaks.") {
            for task in tasks {
                for resource in task.leaks { $0.sample([("task", task.name), ("resource", resource)], 1) }
            }
        }
    }

    // MARK: The format

    private enum Kind: String {
        case counter, gauge, histogram
    }

    private struct Family {
        let name: String
        var lines = ""

        mutating func sample(_ labels: [(String, String)], suffix: String = "", _ value: Double) {
            self.lines += self.name + suffix
            if !labels.isEmpty {
                let pairs = labels.map { "\($0.0)=\"\(PrometheusText.escaped($0.1))\"" }
                self.lines += "{\(pairs.joined(separator: ","))}"
            }
            self.lines += " \(PrometheusText.number(value))\n"
        }
    }

    /// A family without samples is left out.
    private mutating func family(_ name: String, _ kind: Kind, _ help: String, _ fill: (inout Family) -> Void) {
        var family = Family(name: name)
        fill(&family)
        guard !family.lines.isEmpty else { return }
        self.text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n\(family.lines)"
    }

    private mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.family(name, kind, help) { $0.sample([], value) }
    }

    private mutating func histogram(
        _ name: String, _ help: String, _ tasks: [WorkerSnapshot.Task], _ bounds: [UInt64], unit: Double,
        _ values: (WorkerSnapshot.Task) -> WorkerSnapshot.Distribution
    ) {
        self.family(name, .histogram, help) { family in
            for task in tasks {
                let values = values(task)
                let labels = [("task", task.name)]
                var total: UInt64 = 0
                for (index, count) in values.counts.enumerated() {
                    total &+= count
                    let bound = index < bounds.count ? Self.number(Double(bounds[index]) / unit) : "+Inf"
                    family.sample(labels + [("le", bound)], suffix: "_bucket", Double(total))
                }
                family.sample(labels, suffix: "_sum", Double(values.sum) / unit)
                family.sample(labels, suffix: "_count", Double(total))
            }
        }
    }

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
