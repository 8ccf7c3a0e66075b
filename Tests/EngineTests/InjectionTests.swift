import EngineSupport
import Glibc
import JSON
import Syscalls
import Testing

extension EngineTests {
    /// One system call fails: the first of its kind, the second, and so on, until a run does not come to it. Each run
    /// does all its tasks, or ends and says why.
    @Suite(.enabled(if: Tracer.obstacle == nil, "needs strace: \(Tracer.obstacle ?? "")"))
    struct InjectionTests {
        /// Those that are tried each time, with four of their calls.
        private static let sample =
            [
                faults(.master, "openat EMFILE", "write ENOSPC"),
                faults(.each, "clone EAGAIN", "pipe2 EMFILE", "sendmsg ENOMEM", "recvmsg ENOMEM"),
                faults(.running, "clone EAGAIN", "recvmsg ENOMEM", "write ENOSPC"),
            ].flatMap { $0 }

        /// All, with each of their calls: `CELERIAC_EVERY_CALL=1`.
        private static let everything =
            [
                faults(
                    .master, "sendmsg ENOMEM", "sendmsg EAGAIN", "recvmsg EINTR", "recvmsg ENOMEM", "openat EMFILE",
                    "read EINTR", "read EIO", "write EAGAIN", "write EINTR", "write ENOSPC"),
                faults(
                    .each, "clone EAGAIN", "clone3 ENOMEM", "pipe2 EMFILE", "pidfd_open EMFILE", "socketpair EMFILE",
                    "memfd_create ENOMEM", "epoll_create1 EMFILE", "epoll_ctl ENOMEM", "epoll_ctl ENOSPC",
                    "epoll_wait EINTR", "poll EINTR", "poll ENOMEM", "waitid EINTR", "signalfd4 EMFILE",
                    "eventfd2 ENOMEM", "prctl EINVAL", "prlimit64 EPERM", "fcntl EMFILE", "mkdir ENOSPC",
                    "sendmsg ENOMEM", "sendmsg EAGAIN", "recvmsg ENOMEM", "recvmsg EINTR"),
                faults(
                    .running, "clone EAGAIN", "clone ENOMEM", "pipe2 EMFILE", "pidfd_open EMFILE",
                    "epoll_wait EINTR", "poll EINTR", "poll ENOMEM", "waitid EINTR", "sendmsg ENOMEM",
                    "sendmsg ENOBUFS",
                    "recvmsg ENOMEM", "recvmsg EINTR", "openat EMFILE", "openat ENOMEM", "read EINTR", "read EIO",
                    "write EINTR", "write ENOSPC", "fcntl EMFILE", "mkdir ENOSPC", "rmdir EBUSY", "prctl EINVAL",
                    "prlimit64 EPERM", "getdents64 ENOMEM", "pread64 EIO"),
            ].flatMap { $0 }

        private static func faults(_ reach: InjectedFault.Reach, _ names: String...) -> [InjectedFault] {
            names.map { name in
                let words = name.split(separator: " ").map(String.init)
                return InjectedFault(call: words[0], error: words[1], reach: reach)
            }
        }

        private static let triesAll = Environment.current["CELERIAC_EVERY_CALL"] != nil

        /// Which calls fail, of four runs at a time: each mostly waits.
        private static func occurrences(_ batch: Int) -> [Int] {
            Self.triesAll ? (1...4).map { batch * 4 + $0 } : [1, 2, 5, 17]
        }

        @Test(arguments: triesAll ? everything : sample) func aCallThatFailsCostsNoTask(fault: InjectedFault) throws {
            let scratch = try ScratchDirectory()
            var endings: [CInt: Int] = [:]
            var strikes = 0
            for batch in 0..<(Self.triesAll ? 500 : 1) {
                let runs = try Self.occurrences(batch).map { try InjectedRun(fault, $0, scratch) }
                var isReached = true
                for run in runs {
                    let status = try run.judge()
                    endings[status, default: 0] += 1
                    strikes += run.hasStruck ? 1 : 0
                    isReached = isReached && (run.hasStruck || status == -SIGALRM)
                }
                guard isReached else { break }
                #expect(batch < 499, "a run that does not come to it")
            }
            let statuses = endings.sorted { $0.key < $1.key }.map { "\($0.value) with \($0.key)" }
            if Self.triesAll { print("\(fault): \(strikes) calls failed; ended: \(statuses.joined(separator: ", "))") }
        }
    }
}
