import Celeriac
import Dispatch
import Foundation
import Glibc
import Sandbox

/// Tasks that try what a sandbox forbids, and what it must allow.
func addSandboxTasks(to worker: inout Worker) {
    worker.task("escape.try", parameters: "act", "stranger", "secret", "directory", "port") {
        (act: String, stranger: Int32, secret: String, directory: String, port: UInt16) throws -> Int in
        guard let attempt = Attempt.all.first(where: { $0.name == act }) else { throw NoSuchAct() }
        let target = Attempt.Target(stranger: stranger, secret: secret, directory: directory, port: port)
        return Int(attempt.run(target))
    }
    worker.task("escape.pid") { Int(getpid()) }
    worker.task("sandbox.environment") { ProcessInfo.processInfo.environment.keys.sorted() }
    worker.task("sandbox.ids") { [Int(getuid()), Int(getgid()), Int(getgroups(0, nil))] }
    worker.task("sandbox.tmp", parameters: "bytes") { (bytes: Int) -> Int in writeToTmp(bytes) }
    addAllowedWork(to: &worker)
}

private struct NoSuchAct: Error {}

/// Writes until there is no room; returns how much there was.
private func writeToTmp(_ bytes: Int) -> Int {
    let file = open("/tmp/probe-\(getpid())", O_CREAT | O_WRONLY, 0o600)
    let chunk = [UInt8](repeating: 1, count: 65_536)
    var written = 0
    while written < bytes {
        let count = write(file, chunk, chunk.count)
        if count <= 0 { break }
        written += count
    }
    close(file)
    return written
}

/// What Swift programs do without a thought.
private func addAllowedWork(to worker: inout Worker) {
    worker.task("allowed.async") { () async throws -> Int in
        try await Task.sleep(for: .milliseconds(2))
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<64 {
                group.addTask {
                    await Task.yield()
                    return number
                }
            }
            return try await group.reduce(0, +)
        }
    }
    worker.task("allowed.dispatch") { () -> Int in
        let group = DispatchGroup()
        let queue = DispatchQueue(label: "sum")
        nonisolated(unsafe) var sum = 0
        for number in 0..<64 {
            DispatchQueue.global(qos: number % 2 == 0 ? .utility : .userInitiated).async(group: group) {
                usleep(100)
                queue.sync { sum += number }
            }
        }
        group.wait()
        let done = DispatchSemaphore(value: 0)
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + .milliseconds(1))
        timer.setEventHandler { done.signal() }
        timer.resume()
        done.wait()
        DispatchQueue.concurrentPerform(iterations: 8) { number in queue.sync { sum += number } }
        return sum
    }
    worker.task("allowed.foundation") { () throws -> [String] in
        let data = try JSONEncoder().encode(["id": UUID().uuidString])
        _ = try JSONDecoder().decode([String: String].self, from: data)
        let calendar = Calendar(identifier: .gregorian)
        let parts = DateComponents(calendar: calendar, timeZone: TimeZone(identifier: "UTC"), year: 2_026)
        let text = Date(timeIntervalSince1970: 0).ISO8601Format()
        let matches = "a1b22".matches(of: /[0-9]+/).count
        let number = NumberFormatter().string(from: 42) ?? ""
        return ["\(data.count)", "\(parts.date != nil)", text, "\(matches)", number, Locale.current.identifier]
    }
    worker.task("allowed.threads") { () -> Int in
        let threads = (0..<8).map { _ in Thread { usleep(1_000) } }
        threads.forEach { $0.start() }
        while threads.contains(where: { !$0.isFinished }) { usleep(500) }
        return threads.count
    }
}
