import Celery
import Configuration
import JSON
import Redis
import Supervision
import Syscalls

/// The answer to `stats`, member for member as Flower reads it.
extension ControlDesk {
    var statistics: CeleryValue {
        let uptime = (monotonicNanoseconds() - self.startedAt) / 1_000_000_000
        var members: CeleryObject = [
            "total": .object(self.startedTasks), "pid": .number(JSONNumber(Int(ownProcessID))),
            "clock": .string("\(self.broker.clock.time)"), "uptime": .number(JSONNumber(Int(uptime))),
            "pool": self.poolStatistics, "broker": self.brokerDescription,
            // Nothing is taken that could not start at once.
            "prefetch_count": .number(JSONNumber(self.master.poolFacts.concurrency)), "rusage": Self.usage,
        ]
        if let scaling = self.scalingStatistics { members["autoscaler"] = scaling }
        return .object(members)
    }

    private var scalingStatistics: CeleryValue? {
        let facts = self.master.poolFacts
        guard let bounds = facts.bounds else { return nil }
        return [
            "current": .number(JSONNumber(facts.concurrency)), "max": .number(JSONNumber(bounds.upperBound)),
            "min": .number(JSONNumber(bounds.lowerBound)), "qty": .number(JSONNumber(facts.busy)),
        ]
    }

    private var startedTasks: CeleryObject {
        var total = CeleryObject()
        for (name, count) in zip(self.engine.table.names, self.broker.startedByTask) where count > 0 {
            total[name] = .number(JSONNumber(count))
        }
        return total
    }

    private var poolStatistics: CeleryValue {
        let facts = self.master.poolFacts
        let limits = self.engine.table.profiles.first?.limits
        let total = self.broker.startedByTask.reduce(0, +)
        let count = JSONNumber(facts.pids.count)
        return [
            "implementation": "celeriac", "max-concurrency": .number(JSONNumber(facts.concurrency)),
            "processes": .array(facts.pids.map { .number(JSONNumber(Int($0))) }),
            "max-tasks-per-child": facts.maxTasksPerChild.map { .number(JSONNumber($0)) } ?? "N/A",
            "put-guarded-by-semaphore": false,
            "timeouts": [Self.seconds(limits?.softTime), Self.seconds(limits?.hardTime)],
            "writes": [
                "total": .number(JSONNumber(total)), "avg": "0.00", "all": "", "raw": "", "strategy": "fair",
                "inqueues": ["total": .number(count), "active": .number(JSONNumber(facts.busy))],
            ],
        ]
    }

    private static func seconds(_ duration: Duration?) -> CeleryValue {
        CeleryValue(Double(duration?.wholeNanoseconds ?? 0) / 1e9)
    }

    private var brokerDescription: CeleryValue {
        let place = self.broker.server.parts
        return [
            "hostname": .string(place.host), "userid": place.user.map { .string($0) } ?? .null,
            "virtual_host": .string("\(self.broker.server.database)"), "port": .number(JSONNumber(place.port)),
            "insist": false,
            "ssl": .bool(place.isEncrypted), "transport": "redis", "connect_timeout": 4, "transport_options": [:],
            "login_method": nil, "uri_prefix": nil, "heartbeat": CeleryValue(120), "failover_strategy": "round-robin",
            "alternates": [], "credential_provider": nil,
        ]
    }

    private static var usage: CeleryValue {
        var usage = CeleryObject()
        for (name, value) in ownResourceUsage() {
            let isTime = name == "utime" || name == "stime"
            usage[name] = isTime ? CeleryValue(value) : .number(JSONNumber(Int(value)))
        }
        return .object(usage)
    }
}
