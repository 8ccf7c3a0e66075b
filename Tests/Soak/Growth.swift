import EngineSupport
import Glibc
import RedisSupport
import Syscalls

/// What the first worker's master and the server hold when nothing is to be done.
struct Gauge {
    /// Tasks judged so far.
    let tasks: Int
    /// Resident bytes of the master.
    let resident: Int
    /// Its descriptors beyond those of its children.
    let descriptors: Int
    let threads: Int
    let keys: Int
    let serverMemory: Int

    /// A child has its pipes and its process descriptor.
    private static let descriptorsPerChild = 5

    init(_ program: Program, _ server: RedisServer, tasks: Int) throws {
        self.tasks = tasks
        self.resident = Int(ProcessTable.residentMemory(of: program.pid)?.total ?? 0)
        let entries = (try? directoryCount("/proc/\(program.pid)/fd")) ?? 0
        self.descriptors = entries - program.children.count * Self.descriptorsPerChild
        self.threads = ProcessTable.threads(of: program.pid).count
        self.keys = try server.command("DBSIZE").integer ?? -1
        let text = try server.command("INFO", "memory").text ?? ""
        self.serverMemory = text.firstMatch(of: /used_memory:(\d+)/).flatMap { Int($0.1) } ?? -1
    }
}

/// What must not grow, from the first rest to the last.
struct Growth {
    private(set) var gauges: [Gauge] = []
    /// More than what allocators keep for later, and far below what a leak per task would be.
    private static let mostResident = 24 << 20
    private static let mostDescriptors = 8
    private static let mostKeys = 12

    mutating func add(_ gauge: Gauge) { self.gauges.append(gauge) }

    /// Bytes by which the master grew after its first rest.
    var resident: Int { (self.gauges.last?.resident ?? 0) - (self.gauges.first?.resident ?? 0) }
    var descriptors: Int { (self.gauges.last?.descriptors ?? 0) - (self.gauges.first?.descriptors ?? 0) }

    var breaches: [String] {
        guard let first = self.gauges.first, let last = self.gauges.last else { return ["nothing was measured"] }
        var found: [String] = []
        if self.resident > Self.mostResident { found.append("the master grew by \(self.resident >> 20) MiB") }
        if self.descriptors > Self.mostDescriptors {
            found.append("the master has \(self.descriptors) more descriptors")
        }
        if last.threads != 1 { found.append("the master has \(last.threads) threads") }
        if last.keys > first.keys + Self.mostKeys { found.append("keys grew from \(first.keys) to \(last.keys)") }
        return found
    }
}

/// How many entries a directory has.
func directoryCount(_ path: String) throws -> Int {
    guard let directory = opendir(path) else { return 0 }
    defer { closedir(directory) }
    var count = -2
    while readdir(directory) != nil { count += 1 }
    return count
}
