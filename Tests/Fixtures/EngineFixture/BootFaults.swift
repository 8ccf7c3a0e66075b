import Celeriac
import Glibc
import SandboxPolicy
import Wire

/// Memory that `preload` filled, shared by all children.
nonisolated(unsafe) var preloaded: UnsafeMutableRawPointer?

/// Adds what goes wrong, or is merely large, before the first task: `ENGINE_FIXTURE` names it.
func addBootFault(to worker: inout Worker) {
    switch getenv("ENGINE_FIXTURE").map({ String(cString: $0) }) {
    case nil: break
    case "preload-large": worker.preload { preloaded = filled(mebibytes: 300) }
    case "preload-thread": worker.preload(startThread)
    case "preload-socket": worker.preload { _ = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0) }
    case "preload-throws": worker.preload { throw BootError() }
    case "prepare-throws": worker.prepareChild { throw BootError() }
    case "prepare-crashes": worker.prepareChild { abort() }
    case "prepare-exits": worker.prepareChild { exit(7) }
    case "prepare-hangs": worker.prepareChild { while true { sleep(1_000) } }
    case "prepare-says-ready": worker.prepareChild(sayReadyWithoutSandbox)
    case "prepare-throws-later":
        worker.prepareChild { if access(getenv("ENGINE_FIXTURE_FILE"), F_OK) == 0 { throw BootError() } }
    case let name?: fatalError("ENGINE_FIXTURE has no value \(name).")
    }
}

private struct BootError: Error, CustomStringConvertible {
    let description = "the model file is missing"
}

private func filled(mebibytes: Int) -> UnsafeMutableRawPointer? {
    let memory = malloc(mebibytes << 20)
    if let memory { memset(memory, 1, mebibytes << 20) }
    return memory
}

/// What a child would send whose sandbox was left out.
private func sayReadyWithoutSandbox() {
    var report = SandboxReport()
    report.profile = "basic"
    var frame: [UInt8] = []
    PlainFrame.write(.ready, payload: Array(report.text.utf8)[...], into: &frame)
    // Where a child reports.
    _ = write(4, frame, frame.count)
    pause()
}

private func startThread() {
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in while true { pause() } }, nil)
}
