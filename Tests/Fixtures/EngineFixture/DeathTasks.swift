import Celeriac
import Dispatch
import Glibc

/// Tasks that end in one certain way each.
func addDeathTasks(to worker: inout Worker) {
    addTraps(to: &worker)
    addSignals(to: &worker)
    addExhaustion(to: &worker)
    addStandstills(to: &worker)
    addTrails(to: &worker)
}

/// Hides a value from the optimizer.
@inline(never) private func identity<Value>(_ value: Value) -> Value { value }

private func addTraps(to worker: inout Worker) {
    worker.task("death.index") { () -> Int in identity([1, 2, 3])[identity(7)] }
    worker.task("death.unwrap") { () -> Int in identity(Int?.none)! }
    worker.task("death.overflow") { () -> Int in Int(identity(Int8.max) + identity(1)) }
    worker.task("death.fatal") { () -> Int in fatalError("on purpose") }
    worker.task("death.thread_trap") {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                _ = identity([1])[identity(3)]; return nil
            }, nil)
        pthread_join(thread, nil)
    }
    worker.task("death.pointer") { () -> Int in UnsafePointer<Int>(bitPattern: identity(0xdead_0000))!.pointee }
    worker.task("death.recursion") { () -> Int in recurse(0) }
    worker.task("death.abort") { abort() }
    worker.task("death.double_free") {
        let block = malloc(identity(64))
        free(block)
        free(identity(block))
        free(identity(block))
    }
    worker.task("death.mapped_file") { () -> UInt8 in
        // A page beyond the end of its file.
        var path = Array("/tmp/celeriac-short-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        unlink(path)
        let page = mmap(nil, 4_096, PROT_READ, MAP_SHARED, file, 0)
        return page!.load(as: UInt8.self)
    }
    // The C library does not look first.
    worker.task("death.divide") { () -> Int in Int(div(identity(1), identity(0)).quot) }
}

@inline(never) private func recurse(_ depth: Int) -> Int {
    depth < identity(.max) ? identity(recurse(depth + 1)) + 1 : 0
}

private func addSignals(to worker: inout Worker) {
    worker.task("death.signal", parameters: "signal") { (signal: Int32) in
        // Some are discarded in children.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = SIG_DFL
        sigaction(signal, &action, nil)
        kill(getpid(), signal)
        pause()
    }
    worker.task("death.sent_segfault") {
        kill(getpid(), SIGSEGV)
        pause()
    }
    worker.task("death.exit", parameters: "code") { (code: Int32) in exit(code) }
    worker.task("death.orphan_exit") {
        // A thread ends the process while the task runs.
        var thread = pthread_t()
        pthread_create(&thread, nil, { _ in exit(0) }, nil)
        while true { pause() }
    }
    worker.task("death.cpu_rlimit") {
        var limit = rlimit(rlim_cur: 1, rlim_max: 2)
        setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
        var seed: UInt32 = 1
        while true { rand_r(&seed) }
    }
}

private func addExhaustion(to worker: inout Worker) {
    worker.task("death.file", parameters: "path") { (path: String) in
        var action = sigaction()
        action.__sigaction_handler.sa_handler = SIG_DFL
        sigaction(SIGXFSZ, &action, nil)
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        let block = [UInt8](repeating: 1, count: 4_096)
        while true { _ = write(file, block, block.count) }
    }
    worker.task("death.descriptors") { () -> Int in
        while open("/dev/null", O_RDONLY) >= 0 {}
        return identity([1, 2, 3])[identity(7)]
    }
    worker.task("death.map") { () -> Int in
        // Maps without touching, which no measurement sees.
        while mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED {}
        return identity([1, 2, 3])[identity(7)]
    }
}

private func addStandstills(to worker: inout Worker) {
    worker.task("death.deadlock") {
        let never = DispatchSemaphore(value: 0)
        waitForever(never)
    }
    worker.task("death.async_deadlock") { () async in
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
    worker.task("probe.slow", parameters: "seconds") { (seconds: Double) -> Int in
        // Works a little, all the time, and says nothing.
        let end = monotonicSeconds() + seconds
        var sum = 0
        while monotonicSeconds() < end {
            for number in 0..<100_000 { sum &+= identity(number) }
            usleep(1_000)
        }
        return sum
    }
    worker.task("probe.trail_of_slow", parameters: "seconds") { (seconds: Double, context: TaskContext) in
        let end = monotonicSeconds() + seconds
        while monotonicSeconds() < end {
            context.breadcrumb("still here")
            usleep(100_000)
        }
    }
}

@inline(never) private func waitForever(_ semaphore: DispatchSemaphore) { semaphore.wait() }

private func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func addTrails(to worker: inout Worker) {
    worker.task("death.trail", parameters: "count") { (count: Int, context: TaskContext) in
        for number in 1...count { context.breadcrumb("step \(number)") }
        context.breadcrumb("\u{1B}[31mred\nlines")
        kill(getpid(), SIGKILL)
        pause()
    }
    worker.task("death.second_time", parameters: "path") { (path: String, context: TaskContext) -> [String] in
        if context.isTraced { context.logger.info("this time all is well") }
        guard access(path, F_OK) == 0 else {
            close(open(path, O_WRONLY | O_CREAT, 0o600))
            kill(getpid(), SIGKILL)
            pause()
            return []
        }
        return ["\(context.isTraced)", "\(context.timeLeft.map { $0 > .seconds(5) } ?? false)"]
    }
    worker.task("death.traced") { (context: TaskContext) in
        context.logger.info("on my way")
        kill(getpid(), SIGKILL)
        pause()
    }
    worker.task("death.until", parameters: "path") { (path: String) -> String in
        if access(path, F_OK) != 0 { kill(getpid(), SIGKILL) }
        return "alive"
    }
}
