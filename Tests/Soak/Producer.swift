import JSON
import RedisSupport
import Supervision

/// Makes messages of every kind, at random by weight.
struct Producer {
    /// What a message asks for.
    enum Kind: String, CaseIterable {
        case add, nap, sleep, fail, retry, crash, memory, hang, daemon, chain, brokenChain, link, later, unknown
        case malformed, early, limited, concurrent, large, urgent

        /// How many of a thousand there are.
        var weight: Int {
            switch self {
            case .add: 470
            case .nap: 160
            case .sleep: 15
            case .fail, .retry, .urgent, .early: 45
            case .chain, .link, .later, .limited, .concurrent: 25
            case .brokenChain, .unknown, .daemon: 10
            case .malformed, .large: 5
            case .crash, .memory, .hang: 3
            }
        }
    }

    private static let crashes = ["demo.segfault", "demo.abort", "demo.exit", "demo.kill_self", "demo.garbage"]

    private var random: SeededGenerator
    private var number = 0
    /// Messages of each kind so far.
    private(set) var counts: [Kind: Int] = [:]

    init(seed: UInt64) { self.random = SeededGenerator(seed: seed) }

    mutating func next() -> Produced {
        let kind = self.draw()
        self.counts[kind, default: 0] += 1
        return self.message(kind)
    }

    private mutating func draw() -> Kind {
        var left = Int.random(in: 0..<Kind.allCases.reduce(0) { $0 + $1.weight }, using: &self.random)
        return Kind.allCases.first {
            left -= $0.weight
            return left < 0
        }!
    }

    private mutating func id() -> String {
        self.number += 1
        return "soak-\(self.number)"
    }

    private mutating func seconds(_ range: ClosedRange<Double>) -> String {
        let milliseconds = Int(range.lowerBound * 1e3)...Int(range.upperBound * 1e3)
        let value = Int.random(in: milliseconds, using: &self.random)
        return "\(value / 1_000).\(String(value % 1_000 + 1_000).dropFirst())"
    }

    private mutating func message(_ kind: Kind) -> Produced {
        switch kind {
        case .add: return self.sum("celery")
        case .urgent: return self.sum("celery\u{6}\u{16}\([3, 6, 9].randomElement(using: &self.random)!)")
        case .nap: return self.one("tasks.sleep", "[\(self.seconds(0.005...0.1))]", .success(nil))
        case .sleep: return self.one("tasks.sleep", "[\(self.seconds(1...3))]", .success(nil))
        case .fail: return self.one("tasks.fail", #"["on purpose"]"#, .failure("DemoError"))
        case .retry: return self.one("tasks.retry_once", "[7]", .success(7))
        case .crash: return self.one(Self.crashes.randomElement(using: &self.random)!, "[]", .dead("crashes"))
        case .memory: return self.one("demo.allocate", "[400]", .failure("MemoryLimitExceeded"))
        case .hang: return self.one("demo.hang", "[]", .failure("TimeLimitExceeded"))
        case .daemon: return self.one("demo.daemon", "[]", .success(nil))
        case .unknown: return self.one("soak.unheard_of", "[]", .dead("not_registered"))
        case .malformed: return Produced(text: "no message at all")
        case .early: return self.one("demo.noop", "[]", .mayBeLost)
        case .limited: return self.one("tasks.mul", "[6, 7]", .success(42))
        case .concurrent: return self.one("tasks.xsum", "[[1, 2, 3]]", .success(6))
        case .large: return self.large()
        case .later: return self.later()
        case .chain, .brokenChain: return self.chain(breaks: kind == .brokenChain)
        case .link: return self.link()
        }
    }

    private mutating func one(_ task: String, _ arguments: String, _ fate: Fate) -> Produced {
        var message = RawMessage(self.id(), task)
        message.arguments = arguments
        return Produced(text: message.text, fates: [(message.id, fate)])
    }

    private mutating func sum(_ list: String) -> Produced {
        let (x, y) = (self.number, Int.random(in: 0..<1_000, using: &self.random))
        var made = self.one("tasks.add", "[\(x), \(y)]", .success(.number(JSONNumber(x + y))))
        made.list = list
        return made
    }

    private mutating func large() -> Produced {
        let size = Int.random(in: 200_000..<1_000_000, using: &self.random)
        let text = String(repeating: "é", count: size / 2)
        return self.one("tasks.identity", #"["\#(text)"]"#, .success(.string(text)))
    }

    private mutating func later() -> Produced {
        var message = RawMessage(self.id(), "tasks.add")
        message.arguments = "[1, 2]"
        message.countdown = Double.random(in: 0.3...5, using: &self.random)
        return Produced(text: message.text, fates: [(message.id, .success(3))])
    }

    /// Three steps; when the first one fails, so do the others.
    private mutating func chain(breaks: Bool) -> Produced {
        let ids = (0..<3).map { _ in self.id() }
        var message = RawMessage(ids[0], breaks ? "tasks.fail" : "tasks.add")
        message.arguments = breaks ? "[]" : "[1, 2]"
        // The last one stands first.
        let steps = ids.dropFirst().reversed().map { Self.signature("tasks.add", "[10]", id: $0) }
        message.embed = Self.embed(chain: "[\(steps.joined(separator: ", "))]")
        let values: [JSONValue] = [3, 13, 23]
        let fates = zip(ids, values).map { (id: $0, fate: breaks ? Fate.failure("DemoError") : .success($1)) }
        return Produced(text: message.text, fates: fates)
    }

    /// A task and what is called with its value.
    private mutating func link() -> Produced {
        let ids = [self.id(), self.id()]
        var message = RawMessage(ids[0], "tasks.add")
        message.arguments = "[1, 2]"
        message.embed = Self.embed(callbacks: "[\(Self.signature("tasks.mul", "[5]", id: ids[1]))]")
        return Produced(text: message.text, fates: [(ids[0], .success(3)), (ids[1], .success(15))])
    }

    private static func embed(callbacks: String = "null", chain: String = "null") -> String {
        #"{"callbacks": \#(callbacks), "errbacks": null, "chain": \#(chain), "chord": null}"#
    }

    private static func signature(_ task: String, _ arguments: String, id: String) -> String {
        #"{"task": "\#(task)", "args": \#(arguments), "kwargs": {}, "options": {"task_id": "\#(id)"}, "#
            + #""subtask_type": null, "immutable": false}"#
    }
}
