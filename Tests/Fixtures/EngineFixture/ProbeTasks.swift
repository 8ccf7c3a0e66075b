import Celeriac
import Dispatch
import Foundation
import Glibc

/// Tasks by which a test can see, and hold, what the engine does.
func addProbeTasks(to worker: inout Worker) {
    addWaiting(to: &worker)
    addMemory(to: &worker)
    addDecisions(to: &worker)
    addTalking(to: &worker)
}

private func addMemory(to worker: inout Worker) {
    // Allocates what it can get and more, by Swift's own means: when nothing is left, the program ends.
    worker.task("probe.hog", parameters: "path") { (path: String) in
        print("at the gate")
        while access(path, F_OK) != 0 { usleep(1_000) }
        var blocks: [[UInt8]] = []
        while true { blocks.append([UInt8](repeating: 1, count: 1 << 20)) }
    }
    worker.task("probe.data_limit") { () -> Int in
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        return Int(exactly: limit.rlim_cur) ?? -1
    }
    // Threads of Dispatch, Swift tasks and Foundation at the same time; returns mapped private memory in MiB.
    worker.task("probe.threads", parameters: "count") { (count: Int) async throws -> [Int] in
        let before = dataSize()
        let group = DispatchGroup()
        for _ in 0..<count { DispatchQueue.global().async(group: group) { usleep(100_000) } }
        let sum = await withTaskGroup(of: Int.self) { tasks in
            for number in 0..<count { tasks.addTask { (0..<1_000).reduce(number, +) } }
            return await tasks.reduce(0, +)
        }
        let data = try JSONSerialization.data(withJSONObject: ["sum": sum])
        let peak = dataSize()
        await withCheckedContinuation { done in group.notify(queue: .global()) { done.resume() } }
        return [before >> 20, peak >> 20, data.count]
    }
}

/// `VmData`, in bytes.
private func dataSize() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return fields.count > 5 ? (Int(fields[5]) ?? 0) * 4_096 : 0
}

private func addWaiting(to worker: inout Worker) {
    worker.task("probe.gate", parameters: "path") { (path: String) in
        print("at the gate")
        while access(path, F_OK) != 0 { usleep(1_000) }
    }
    worker.task("probe.poll") { (context: TaskContext) -> String in
        while !context.isCancelled { usleep(1_000) }
        return "told"
    }
    worker.task("probe.interval", parameters: "seconds") { (seconds: Double) async throws -> [Double] in
        let start = clock(CLOCK_MONOTONIC)
        try await Task.sleep(for: .seconds(seconds))
        return [start, clock(CLOCK_MONOTONIC)]
    }
    worker.task("probe.clock") { clock(CLOCK_REALTIME) }
    worker.task("probe.touch", parameters: "mebibytes") { (mebibytes: Int) -> Int in
        if let preloaded { memset(preloaded, 2, mebibytes << 20) }
        usleep(15_000)
        return Int(getpid())
    }
}

private func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func addDecisions(to worker: inout Worker) {
    worker.task("probe.retry") { (context: TaskContext) throws in
        throw context.retry(after: .milliseconds(1), reason: "attempt \(context.attempt)")
    }
    worker.task("probe.reject") { (context: TaskContext) throws in throw context.reject("not wanted") }
    worker.task("probe.publish", parameters: "count", Parameter("fails", default: false)) {
        (count: Int, fails: Bool, context: TaskContext) throws in
        for number in 0..<count {
            try context.publish("args.named", arguments: [context.id], keywords: ["times": number])
        }
        if fails { throw context.reject("after publishing") }
    }
    worker.task("probe.publish_later") { (context: TaskContext) throws in
        try context.publish("probe.clock", countdown: .milliseconds(300))
    }
}

private func addTalking(to worker: inout Worker) {
    worker.task("probe.length", parameters: "text") { (text: String) in text.utf8.count }
    worker.task("probe.repeated", parameters: "bytes") { (bytes: Int) in String(repeating: "r", count: bytes) }
    worker.task("probe.forge", parameters: "text", "bytes", Parameter("end", default: "")) {
        (text: String, bytes: Int, end: String) in
        // An outcome as docs/pipe-protocol.md describes it, of delivery 1, whose content is whatever the test wants.
        let content = Array(repeating: Array(text.utf8), count: bytes / text.utf8.count).joined() + Array(end.utf8)
        var frame: [UInt8] = [0x43, 0x65, 1, 0x83]
        withUnsafeBytes(of: UInt32(36 + content.count).littleEndian) { frame += $0 }
        frame += [1, 0, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 27) + [UInt8](repeating: 0xFF, count: 8)
        frame += content
        var sent = 0
        while sent < frame.count {
            sent += max(0, frame[sent...].withUnsafeBytes { write(4, $0.baseAddress, $0.count) })
        }
        _exit(0)
    }
    worker.task("probe.print", parameters: "text") { (text: String) in print(text) }
    worker.task("probe.print_id") { (context: TaskContext) -> Int in
        print("I am \(context.id)")
        return Int(getpid())
    }
    worker.task("probe.log", parameters: "text") { (text: String, context: TaskContext) in
        context.logger.warning("\(text)", metadata: ["from": "task"])
    }
}
