import Celeriac
import Glibc

/// Tasks that do to their child's pipes what no child should. Their own delivery is the worker's first.
func addPipeTasks(to worker: inout Worker) {
    worker.task("pipe.half_outcome") {
        let frame = outcomeFrame(of: 1)
        _ = write(4, frame, frame.count / 2)
        kill(getpid(), SIGKILL)
        pause()
    }
    // What the child reports afterwards is the second one.
    worker.task("pipe.two_outcomes") { send(outcomeFrame(of: 1)) }
    worker.task("pipe.others_outcome") {
        send(outcomeFrame(of: 250))
        sleep(60)
    }
    worker.task("pipe.close") {
        close(4)
        sleep(60)
    }
    // A copy of the child, with all its descriptors, outlives it.
    worker.task("pipe.copy") {
        let fork = unsafeBitCast(dlsym(nil, "fork"), to: (@convention(c) () -> pid_t).self)
        if fork() == 0 {
            setsid()
            while true { pause() }
        }
        kill(getpid(), SIGKILL)
        pause()
    }
}

/// An outcome as docs/pipe-protocol.md describes it: the result is 7.
private func outcomeFrame(of tag: UInt8) -> [UInt8] {
    let header: [UInt8] = [0x43, 0x65, 1, 0x83, 37, 0, 0, 0, tag, 0, 0, 0, 0, 0, 0, 0]
    let measured = [1] + [UInt8](repeating: 0, count: 27) + [UInt8](repeating: 0xFF, count: 8)
    return header + measured + [UInt8(ascii: "7")]
}

private func send(_ frame: [UInt8]) { _ = write(4, frame, frame.count) }
