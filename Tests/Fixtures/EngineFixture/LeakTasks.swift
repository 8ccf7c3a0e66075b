import Celeriac
import Dispatch
import Foundation
import Glibc

/// Twenty tasks of which two leak. Each works for a millisecond or two.
func addLeakTasks(to worker: inout Worker) {
    addLeakers(to: &worker)
    addSuspects(to: &worker)
    addInnocents(to: &worker)
}

private func addLeakers(to worker: inout Worker) {
    worker.task("leak.heap", parameters: Parameter("bytes", default: 204_800)) { (bytes: Int) in
        work()
        lost = malloc(bytes)
        if let lost { memset(lost, 1, bytes) }
    }
    worker.task("leak.descriptors") { () -> Int in
        work()
        return Int(open("/dev/null", O_RDONLY))
    }
    worker.task("leak.mapping") {
        work()
        lost = mmap(nil, 65_536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        if let lost { memset(lost, 1, 65_536) }
    }
    worker.task("leak.thread") {
        var thread = pthread_t()
        pthread_create(&thread, nil, { _ in while true { pause() } }, nil)
    }
    worker.task("leak.process") {
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        posix_spawnp(&pid, "sleep", nil, nil, &arguments, nil)
    }
}

private func addSuspects(to worker: inout Worker) {
    // Keeps until its next run what it made, sometimes 30 MB of it.
    worker.task("noise.spiky") {
        work()
        let share = Double.random(in: 0...1)
        kept = [UInt8](repeating: 1, count: Int(share * share * share * 30_000_000))
    }
    // Remembers results under 32 keys.
    worker.task("noise.cache") {
        work()
        let key = Int.random(in: 0..<32)
        cache[key] = cache[key] ?? [UInt8](repeating: 1, count: 65_536)
    }
}

private func addInnocents(to worker: inout Worker) {
    worker.task("good.text") { () -> Int in
        work()
        return (0..<500).map { "\($0)" }.joined(separator: ",").utf8.count
    }
    worker.task("good.dictionary") { () -> Int in
        work()
        return Dictionary(uniqueKeysWithValues: (0..<1_000).map { ($0, "\($0)") }).count
    }
    worker.task("good.large") { () -> Int in
        work()
        return [UInt8](repeating: 1, count: Int.random(in: 1...4_000_000)).count
    }
    worker.task("good.file") { () -> Int in
        work()
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        return Int(descriptor)
    }
    worker.task("good.json") { () throws -> Int in
        work()
        return try JSONSerialization.data(withJSONObject: ["numbers": Array(0..<200)]).count
    }
    worker.task("good.async") { () async -> Int in
        work()
        return await withTaskGroup(of: Int.self) { group in
            for number in 0..<8 { group.addTask { number } }
            return await group.reduce(0, +)
        }
    }
    worker.task("good.dispatch") { () -> Int in
        work()
        return DispatchQueue.global().sync { 1 }
    }
    worker.task("good.fails") { () throws in
        work()
        throw GoodError()
    }
    for number in 0..<8 {
        worker.task("good.plain\(number)", parameters: Parameter("text", default: "")) { (text: String) -> String in
            work()
            return text
        }
    }
}

private struct GoodError: Error {}

/// Keeps the processor busy for a millisecond or two.
private func work() {
    let end = clock() + clock_t.random(in: 1_000...2_000)
    while clock() < end {}
}

nonisolated(unsafe) private var lost: UnsafeMutableRawPointer?
nonisolated(unsafe) private var kept: [UInt8] = []
nonisolated(unsafe) private var cache: [Int: [UInt8]] = [:]
