import Celeriac
import Glibc

/// Tasks of known size, which tell when they ran.
func addMemoryTasks(to worker: inout Worker) {
    worker.task("probe.small", parameters: "seconds") { (seconds: Double) in hold(mebibytes: 4, seconds) }
    worker.task("probe.large", parameters: "mebibytes", "seconds") { (mebibytes: Int, seconds: Double) -> [Double] in
        print("large")
        return hold(mebibytes: mebibytes, seconds)
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
