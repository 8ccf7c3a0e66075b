import Celeriac
import Glibc

/// Tasks that take all they can get.
func addOffendingTasks(to worker: inout Worker) {
    // 64 MiB every 10 ms.
    worker.task("probe.swallow") { () -> Int in
        while true {
            let block = mmap(nil, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
            if block != MAP_FAILED { memset(block, 1, 64 << 20) }
            usleep(10_000)
        }
    }
    // Every descriptor that there is; returns how many. They are still open when the task is over.
    worker.task("probe.open") { () -> Int in
        var count = 0
        while open("/dev/null", O_RDONLY) >= 0 { count += 1 }
        return count
    }
    // Files without a name, each until it can grow no further; returns how far the largest came.
    worker.task("probe.fill") { () -> Int in
        let directory = getenv("FILL_DIRECTORY").map { String(cString: $0) } ?? "/tmp"
        let block = [UInt8](repeating: 7, count: 1 << 20)
        var largest = 0
        for _ in 0..<4 {
            let path = directory + "/fill"
            let file = open(path, O_RDWR | O_CREAT, 0o600)
            unlink(path)
            var size = 0
            while true {
                let written = write(file, block, block.count)
                if written <= 0 { break }
                size += written
            }
            largest = max(largest, size)
        }
        return largest
    }
    worker.task("probe.flood") { () -> Int in
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4_095) + [UInt8(ascii: "\n")]
        while true { _ = write(1, line, line.count) }
    }
    worker.task("probe.freeze") { () -> Int in
        while true { kill(getpid(), SIGSTOP) }
    }
}
