import Celeriac
import Glibc

/// Tasks that do what no task should. Each costs its own attempt and nothing else.
func addFaultTasks(to worker: inout Worker) {
    addCrashes(to: &worker)
    addHangs(to: &worker)
    addHogs(to: &worker)
    addProcesses(to: &worker)
}

private func addCrashes(to worker: inout Worker) {
    worker.task("demo.crash") { () -> Int in indexOutOfRange([1, 2, 3], at: 3) }
    worker.task("demo.segfault") { () -> Int in
        UnsafePointer<Int>(bitPattern: 8)!.pointee
    }
    worker.task("demo.abort") { abort() }
    worker.task("demo.exit", parameters: Parameter("code", default: 0)) { (code: Int32) in exit(code) }
    worker.task("demo.kill_self", parameters: Parameter("signal", default: 9)) { (signal: Int32) in
        kill(getpid(), signal)
        pause()
    }
    worker.task("demo.garbage") {
        // The report pipe has a fixed number in every child; see docs/pipe-protocol.md.
        let junk = [UInt8](repeating: 0xAA, count: 64)
        _ = write(4, junk, junk.count)
        sleep(60)
    }
}

@inline(never)
private func indexOutOfRange(_ numbers: [Int], at index: Int) -> Int { numbers[index] }

private func addHangs(to worker: inout Worker) {
    worker.task("demo.spin") {
        var all = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_SETMASK, &all, nil)
        var seed: UInt32 = 1
        // A call that the optimizer cannot look into, so that the loop stays a loop.
        while true { rand_r(&seed) }
    }
    worker.task("demo.hang") {
        // Deaf to notices: sleeps on when one interrupts it.
        while true { sleep(1_000) }
    }
    worker.task("demo.stop") { kill(getpid(), SIGSTOP) }
}

private func addHogs(to worker: inout Worker) {
    worker.task("demo.allocate", parameters: "mebibytes") { (mebibytes: Int, context: TaskContext) throws -> Int in
        var blocks: [UnsafeMutableRawPointer] = []
        defer { for block in blocks { free(block) } }
        for _ in 0..<mebibytes {
            guard let block = malloc(1 << 20) else { throw DemoError(description: "malloc failed") }
            memset(block, 1, 1 << 20)
            blocks.append(block)
        }
        return mebibytes
    }
    worker.task("demo.leak", parameters: "bytes") { (bytes: Int) -> Int in
        leaked = malloc(bytes)
        if let leaked { memset(leaked, 1, bytes) }
        return bytes
    }
    worker.task("demo.leak_fd") { () -> Int in Int(open("/dev/null", O_RDONLY)) }
    worker.task("demo.print", parameters: "bytes") { (bytes: Int) -> Int in
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]
        var left = bytes
        while left > 0 { left -= max(0, write(1, line, min(left, line.count))) }
        return bytes
    }
    worker.task("demo.result", parameters: "bytes") { (bytes: Int) in String(repeating: "r", count: bytes) }
    worker.task("demo.counter") { () -> Int in
        counter += 1
        return counter
    }
}

/// Where the last leaked block is, so that the optimizer cannot leave it out.
nonisolated(unsafe) private var leaked: UnsafeMutableRawPointer?

/// Grows over a child's life, to show which child ran a task before.
nonisolated(unsafe) private var counter = 0

private func addProcesses(to worker: inout Worker) {
    worker.task("demo.daemon") { () throws -> String in
        let status = try shell("setsid sh -c 'setsid sleep 1000 & exit 0' & exit 0")
        return "the shell exited with \(status)"
    }
    worker.task("demo.forks", parameters: "n") { (count: Int) throws -> Int in
        _ = try shell("i=0; while [ $i -lt \(count) ]; do sleep 1000 & i=$((i+1)); done; wait")
        return count
    }
}

/// Runs a command line to its end, as `system(3)` does.
private func shell(_ command: String) throws -> Int32 {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] =
        ["sh", "-c", command].map { (text: String) in strdup(text) } + [nil]
    defer { for argument in arguments { free(argument) } }
    guard posix_spawn(&pid, "/bin/sh", nil, nil, &arguments, nil) == 0 else {
        throw DemoError(description: "cannot start sh")
    }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    return status
}
