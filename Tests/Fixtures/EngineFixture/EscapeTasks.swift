import Celeriac
import Glibc

/// Tasks that start processes and try to lose them.
func addEscapeTasks(to worker: inout Worker) {
    // Every process forks as long as it can, each new one in a session of its own; at most so many in all.
    worker.task("probe.storm", parameters: "most") { (most: Int) -> Int in
        let counter = mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)!
        let started = counter.bindMemory(to: Int.self, capacity: 1)
        storm(started, most)
        while true { pause() }
    }
    worker.task("probe.escape", parameters: Parameter("dies", default: false)) { (dies: Bool) -> Int in
        escape()
        if dies { _exit(3) }
        return 0
    }
    // A process whose parent is not the child but the template.
    worker.task("probe.step_out") { stepOut() }
    worker.task("probe.spin", parameters: "seconds") { (seconds: Double) -> Double in
        let end = now(CLOCK_MONOTONIC) + seconds
        while now(CLOCK_MONOTONIC) < end {}
        return now(CLOCK_PROCESS_CPUTIME_ID)
    }
}

private func now(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Swift does not import `fork`: the program must not be copied with its threads, and a child has one.
private let forkCall = unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)

private func storm(_ started: UnsafeMutablePointer<Int>, _ most: Int) {
    while started.pointee < most {
        started.pointee += 1
        if forkCall() == 0 {
            setsid()
            _ = prctlName("storm")
        }
    }
}

/// A process that nobody waits for, in a session of its own, with every signal blocked that can be.
private func escape() {
    var ready: [CInt] = [0, 0]
    pipe(&ready)
    if forkCall() == 0 {
        if forkCall() == 0 {
            setsid()
            var all = sigset_t()
            sigfillset(&all)
            sigprocmask(SIG_SETMASK, &all, nil)
            _ = prctlName("escaped")
            _ = write(ready[1], "x", 1)
            while true { pause() }
        }
        _exit(0)
    }
    var byte: UInt8 = 0
    _ = read(ready[0], &byte, 1)
    close(ready[0])
    close(ready[1])
}

private let rawCall = unsafeBitCast(
    dlsym(nil, "syscall"), to: (@convention(c) (Int, Int, Int, Int, Int, Int) -> Int).self)

/// `clone(CLONE_PARENT)`. Returns the pid.
private func stepOut() -> Int {
    #if arch(x86_64)
        let number = 56
    #else
        let number = 220
    #endif
    let pid = rawCall(number, 0x8000 | Int(SIGCHLD), 0, 0, 0, 0)
    if pid == 0 {
        setsid()
        _ = prctlName("outside")
        while true { pause() }
    }
    return pid
}

/// Shows as this name in `ps`.
private func prctlName(_ name: String) -> CInt {
    guard let file = fopen("/proc/self/comm", "w") else { return -1 }
    fputs(name, file)
    return fclose(file)
}
