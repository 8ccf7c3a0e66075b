import EngineSupport
import JSON

extension Soak {
    /// All figures.
    var report: JSONObject {
        [
            "seconds": Self.number(self.elapsed), "rounds": Self.number(self.rounds),
            "messages": Self.number(self.produced), "tasks": Self.number(self.judge.judged),
            "succeeded": Self.number(self.judge.ends.succeeded), "failed": Self.number(self.judge.ends.failed),
            "dead": Self.number(self.judge.ends.dead), "lost_early": Self.number(self.judge.ends.lost),
            "waited_at_stop": Self.number(self.waitedAtStop),
            "kinds": Self.object(self.producer.counts.map { ($0.key.rawValue, $0.value) }),
            "faults": Self.object(self.faults.map { ($0.key.rawValue, $0.value) }),
            "master_resident": .array(self.growth.gauges.map { Self.number($0.resident) }),
            "master_descriptors": .array(self.growth.gauges.map { Self.number($0.descriptors) }),
            "server_memory": .array(self.growth.gauges.map { Self.number($0.serverMemory) }),
            "keys": .array(self.growth.gauges.map { Self.number($0.keys) }),
            "breaches": .array(self.judge.breaches.map { .string($0) }),
        ]
    }

    /// The same for people.
    var summary: String {
        let ends = self.judge.ends
        let faults = self.faults.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" }
        let lines = [
            "\(Int(self.elapsed)) s, \(self.rounds) rounds, \(self.produced) messages, \(self.judge.judged) tasks",
            "succeeded \(ends.succeeded), failed as they had to \(ends.failed), dead \(ends.dead), "
                + "acknowledged early and lost \(ends.lost)",
            "waited when all workers had stopped: \(self.waitedAtStop)",
            "faults \(self.faults.values.reduce(0, +)): \(faults.joined(separator: ", "))",
            "the master's growth: \(self.growth.resident / 1_024) KiB, descriptors \(self.growth.descriptors)",
        ]
        let breaches = self.judge.breaches.isEmpty ? ["no breach"] : self.judge.breaches.map { "BREACH: \($0)" }
        return (lines + breaches).joined(separator: "\n")
    }

    private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
    private static func number(_ value: Double) -> JSONValue { JSONNumber(value).map { .number($0) } ?? .null }

    private static func object(_ pairs: [(String, Int)]) -> JSONValue {
        .object(pairs.sorted { $0.0 < $1.0 }.reduce(into: JSONObject()) { $0[$1.0] = Self.number($1.1) })
    }
}
