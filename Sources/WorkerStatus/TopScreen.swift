/// What `celeriac top` shows of a fleet: lines of text for a terminal of some size. Decides nothing else.
public struct TopScreen: Sendable {
    /// What can be pointed at.
    public struct Row: Equatable, Sendable {
        /// The worker's name.
        public var worker: String
        /// The child; `nil` until it is forked.
        public var pid: Int32?
        /// Its number in the worker.
        public var child: UInt64
        /// The task that runs in it.
        public var taskID: String?

        /// Whether it is the same child.
        public func isSame(as other: Row?) -> Bool { self.worker == other?.worker && self.child == other?.child }
    }

    /// The workers, in the order of their names.
    public var fleet: [WorkerSnapshot]
    /// The same a moment before; what is not there has no rates.
    public var before: [WorkerSnapshot]
    /// What is pointed at.
    public var selected: Row?
    /// A line at the foot: a question, or what became of a command.
    public var message = ""

    /// A screen that points at nothing.
    public init(_ fleet: [WorkerSnapshot], before: [WorkerSnapshot] = []) {
        (self.fleet, self.before) = (fleet, before)
    }

    /// The rows that can be pointed at, from above.
    public var rows: [Row] {
        self.fleet.flatMap { worker in
            (worker.children ?? []).map { child in
                Row(
                    worker: worker.worker.name, pid: child.pid, child: child.number,
                    taskID: child.running.first { $0.runtime != nil }?.id)
            }
        }
    }

    /// What is pointed at as it is now; the first one, if that is gone.
    public var current: Row? {
        let rows = self.rows
        return rows.first { $0.isSame(as: self.selected) } ?? rows.first
    }

    /// Points at what is so many rows further down.
    public mutating func move(by steps: Int) {
        let rows = self.rows
        guard !rows.isEmpty else { return }
        let index = rows.firstIndex { $0.isSame(as: self.current) } ?? 0
        self.selected = rows[min(max(0, index + steps), rows.count - 1)]
    }

    // MARK: Lines

    /// A line, and whether it is pointed at.
    public struct Line: Equatable, Sendable {
        /// The text: no longer than the screen is wide, and without anything that could command a terminal.
        public var text: String
        /// Whether it is pointed at.
        public var isSelected = false
    }

    /// At most so many lines of at most so many columns. Children that find no room above the foot are left out, those
    /// before the one that is pointed at first.
    public func lines(columns: Int, rows: Int) -> [Line] {
        let head = self.fleet.flatMap(self.head)
        let foot = [self.message.isEmpty ? Self.keys : self.message]
        let room = max(1, rows - head.count - 1 - foot.count)
        let children = self.childLines()
        let selected = children.firstIndex(where: \.isSelected) ?? 0
        let first = max(0, min(selected - room + 1, children.count - room))
        var lines = head.map { Line(text: $0) } + [Line(text: Self.title)]
        lines += children[first..<min(children.count, first + room)]
        lines += foot.map { Line(text: $0) }
        return lines.prefix(rows).map { Line(text: Self.cut($0.text, to: columns), isSelected: $0.isSelected) }
    }

    private static let keys = "q quit  ↑↓ select  t end the task  r replace the child  + - more or fewer children"
    private static let title = "      PID STATE     TASKS     /s   RUNS  MEMORY                   TASK"

    private func head(_ worker: WorkerSnapshot) -> [String] {
        let busy = worker.pools.reduce(0) { $0 + $1.busy }
        let slots = worker.pools.reduce(0) { $0 + $1.slots }
        let rate = self.rate(worker) { Double($0.broker.settled) }
        let parts = [
            worker.worker.name, worker.worker.state.rawValue, "up \(Self.time(worker.worker.uptime))",
            "\(busy) of \(slots) busy", "\(Self.rate(rate))/s", "\(worker.broker.leases) leases",
        ]
        let queues = (worker.queues ?? []).map { queue in
            "\(queue.name) \(queue.length)" + (queue.stalled >= 1 ? " (stands \(Self.time(queue.stalled)))" : "")
        }
        let waits = worker.queues == nil ? "unknown" : queues.joined(separator: ", ")
        return [parts.joined(separator: "  "), "  queues: \(waits)"]
    }

    private func childLines() -> [Line] {
        let current = self.current
        return self.fleet.flatMap { worker in
            (worker.children ?? []).flatMap { child in
                let row = Row(worker: worker.worker.name, pid: child.pid, child: child.number, taskID: nil)
                let texts = self.texts(child, of: worker)
                return texts.enumerated().map { index, text in
                    Line(text: text, isSelected: index == 0 && row.isSame(as: current))
                }
            }
        }
    }

    /// A line for each task in a child, at least one.
    private func texts(_ child: WorkerSnapshot.Child, of worker: WorkerSnapshot) -> [String] {
        let rate = self.rate(worker) { snapshot in
            snapshot.children?.first { $0.number == child.number }.map { Double($0.tasks) }
        }
        let own =
            Self.right(child.pid.map { "\($0)" } ?? "–", 9) + " " + Self.left(child.state, 9)
            + Self.right("\(child.tasks)", 6) + Self.right(Self.rate(rate), 7)
        guard !child.running.isEmpty else { return [own + Self.right("", 7) + "  " + Self.memory(child.memory, nil)] }
        return child.running.enumerated().map { index, task in
            let runs = task.runtime.map(Self.time) ?? "queued"
            let memory = task.limit == nil && index == 0 ? child.memory : task.memory
            let start = index == 0 ? own : String(repeating: " ", count: 32)
            return start + Self.right(runs, 7) + "  " + Self.left(Self.memory(memory, task.limit), 25) + task.task
                + " " + task.id
        }
    }

    /// How fast something grows; `nil` when the worker was not seen before, or has been started anew.
    private func rate(_ now: WorkerSnapshot, _ value: (WorkerSnapshot) -> Double?) -> Double? {
        let before = self.before.first { $0.worker.name == now.worker.name && $0.worker.pid == now.worker.pid }
        guard let before, now.worker.uptime > before.worker.uptime, let end = value(now), let start = value(before)
        else { return nil }
        return max(0, end - start) / (now.worker.uptime - before.worker.uptime)
    }

    // MARK: Texts

    private static func memory(_ used: UInt64, _ limit: UInt64?) -> String {
        guard let limit, limit > 0 else { return self.size(used) }
        let filled = Int(min(10, used * 10 / limit))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 10 - filled)
        return "\(bar) \(self.size(used))/\(self.size(limit))"
    }

    static func size(_ bytes: UInt64) -> String {
        for (unit, name) in [(UInt64(1) << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")]
        where bytes >= unit {
            let tenths = bytes / (unit / 10)
            return tenths < 100 ? "\(tenths / 10).\(tenths % 10)\(name)" : "\(bytes / unit)\(name)"
        }
        return "\(bytes)B"
    }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.001: "0ms"
        case ..<1: "\(Int(seconds * 1_000))ms"
        case ..<120: "\(Int(seconds))s"
        case ..<7_200: "\(Int(seconds / 60))m"
        case ..<172_800: "\(Int(seconds / 3_600))h"
        default: "\(Int(min(seconds, 1e12) / 86_400))d"
        }
    }

    private static func rate(_ value: Double?) -> String {
        guard let value else { return "–" }
        let tenths = Int((min(value, 1e9) * 10).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Names are anybody's: what could command a terminal, or turn the direction of writing, is shown as a question mark.
    private static func cut(_ text: String, to columns: Int) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isPlain: Bool =
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: false
                default: !scalar.properties.isBidiControl
                }
            plain.append(isPlain ? scalar : "?")
        }
        return String(String(plain).prefix(columns))
    }
}
