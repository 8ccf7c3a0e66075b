import Celeriac
import Glibc

/// Tasks of known size, which tell when they ran.
func addMemoryTasks(to worker: inout Worker) {
    worker.task("probe.small", parameters: "seconds") { (seconds: Double) in hold(mebibytes: 4, seconds) }
    worker.task("probe.large", parameters: "mebibytes", "seconds") { (mebibytes: Int, seconds: Double) -> [Double] in
        print("large")
        return hold(mebibytes: mebibytes, seconds)
    }
    worker.task("probe.creep", parameters: "step", "most") { (step: Int, most: Int) in creep(step, most) }
}

/// Grows by so many mebibytes every 10 ms, up to a bound, and keeps all.
private func creep(_ step: Int, _ most: Int) {
    var grown = 0
    while grown < most {
        let memory = mmap(nil, step << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        memset(memory, 1, step << 20)
        grown += step
        usleep(10_000)
    }
}

private func hold(mebibytes: Int, _ seconds: Double) -> [Double] {
    let start = monotonic()
    // Above the threshold of malloc, so that it is given back.
    let memory = mmap(nil, mebibytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    memset(memory, 1, mebibytes << 20)
    usleep(UInt32(seconds * 1e6))
    munmap(memory, mebibytes << 20)
    return [start, monotonic()]
}

private func monotonic() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
