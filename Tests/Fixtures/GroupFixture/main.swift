import ControlGroups
import Dispatch
import Glibc
import Syscalls

/// Forks a child into the control group of version 2 that the argument names. The child starts threads of every kind and
/// a daemon by double fork; then the group is killed.
enum GroupFixture {
    static func run(_ path: String) throws {
        let group = try openDirectory(path)
        let pipe = try Pipe()
        switch try Syscalls.fork(into: group.number) {
        case .child: self.beChild(pipe.writing.number)
        case .parent(let pid): try self.beParent(pid, group.number, pipe.reading.number)
        }
    }

    private static func beChild(_ output: CInt) -> Never {
        guard self.sum() == 36, pthread_kill(pthread_self(), 0) == 0 else { exitNow(1) }
        signal(SIGTERM, SIG_IGN)
        let daemon = "(trap '' TERM; setsid sh -c 'grep ^0:: /proc/self/cgroup; exec sleep 1000' &)"
        var request = SpawnRequest(path: "/bin/sh", arguments: ["sh", "-c", daemon], environment: [])
        request.standard.1 = output
        guard (try? spawn(request)) != nil else { exitNow(1) }
        while true { pause() }
    }

    /// By Swift tasks and by Dispatch, which need what the C library renews in a fork.
    private static func sum() -> Int {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result = 0
        Task.detached {
            result = await withTaskGroup(of: Int.self) { tasks in
                for number in 1...8 { tasks.addTask { number } }
                return await tasks.reduce(0, +)
            }
            DispatchQueue.global().async { done.signal() }
        }
        done.wait()
        return result
    }

    private static func beParent(_ pid: ProcessID, _ group: CInt, _ input: CInt) throws {
        var place = [UInt8](repeating: 0, count: 256)
        let result = try place.withUnsafeMutableBytes { try Syscalls.read(input, into: $0) }
        guard case .bytes(let count) = result else { exitNow(2) }
        let killed = GroupEntry.killAll(group).filter { $0 != "grep" }
        let exit = try reap(pid)
        print("\(String(decoding: place.prefix(count - 1), as: UTF8.self)) \(killed) \(exit.status)")
    }
}

try GroupFixture.run(CommandLine.arguments[1])
