import JSON
import Supervision

/// What a worker has found out about leaks: the file in its state directory, and the table that people read.
struct LeakSnapshot: Codable {
    /// What is known of one task.
    struct Task: Codable {
        var task: String
        var runs: Int
        var leaks: [String]
        var heap: Amount?
        var mapped: Amount?
        var descriptors: Amount?
        var threads: Amount?
        var processes: Amount?
    }

    /// What a run leaves behind of one resource.
    struct Amount: Codable {
        var perRun: Double
        var low: Double
        var high: Double
        var confidence: Double
        var looks: Int

        enum CodingKeys: String, CodingKey {
            case perRun = "per_run"
            case low, high, confidence, looks
        }
    }

    var worker: String
    var pid: Int32
    /// Seconds since 1970.
    var written: Double
    var tasks: [Task]

    /// The end of the names of such files.
    static let fileSuffix = ".leaks.json"
}

extension LeakSnapshot.Task {
    init(_ summary: LeakSummary, name: String) {
        func amount(_ resource: RetainedResource) -> LeakSnapshot.Amount? {
            summary.estimates[resource].flatMap(LeakSnapshot.Amount.init)
        }
        self.init(
            task: name, runs: summary.runs, leaks: summary.leaks.map(\.rawValue), heap: amount(.heap),
            mapped: amount(.mapped), descriptors: amount(.descriptors), threads: amount(.threads),
            processes: amount(.processes))
    }

    /// The amounts in the order of the resources.
    fileprivate var amounts: [(RetainedResource, LeakSnapshot.Amount?)] {
        [
            (.heap, self.heap), (.mapped, self.mapped), (.descriptors, self.descriptors), (.threads, self.threads),
            (.processes, self.processes),
        ]
    }

    fileprivate var verdict: String {
        let found = self.amounts.filter { self.leaks.contains($0.0.rawValue) }
        if !found.isEmpty {
            return "leaks " + found.map { "\($0.0.rawValue) (\($0.1?.confidenceText ?? ""))" }.joined(separator: ", ")
        }
        return self.heap == nil ? "not enough runs" : "–"
    }
}

extension LeakSnapshot.Amount {
    /// `nil` as long as there was nothing to look at.
    fileprivate init?(_ estimate: LeakEstimate) {
        guard estimate.looks > 0 else { return nil }
        self.init(
            perRun: estimate.perRun, low: estimate.interval.lowerBound, high: estimate.interval.upperBound,
            confidence: estimate.confidence, looks: estimate.looks)
    }

    fileprivate var confidenceText: String { LeakEstimate.text(ofConfidence: self.confidence) }
}

extension LeakSnapshot {
    /// The tasks in a table, those that leak first.
    var text: String {
        let resources = RetainedResource.allCases.map { "\($0.rawValue)/run" }
        var table = TextTable(["task", "runs"] + resources + ["verdict"], rightAligned: Set(1...(resources.count + 1)))
        for task in self.tasks {
            let amounts = task.amounts.map { resource, amount in
                amount.map { LeakEstimate.text($0.perRun, isMemory: resource.isMemory) } ?? "–"
            }
            table.add([task.task, "\(task.runs)"] + amounts + [task.verdict])
        }
        return table.text
    }

    /// Whether a task leaks.
    var hasLeaks: Bool { self.tasks.contains { !$0.leaks.isEmpty } }

    /// The file's content.
    func encoded() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try JSONCoder.encode(self, into: &bytes)
        return bytes
    }
}
