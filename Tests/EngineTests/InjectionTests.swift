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
        /// A call and the error that it fails with.
        struct Fault: CustomTestStringConvertible, Sendable {
            let call: String
            let error: String
            var whole = true
            var testDescription: String { "\(self.call) \(self.error)\(self.whole ? "" : " in the master")" }
        }

        /// The calls by which the master starts, forks, waits and speaks. In the master alone where a template that
        /// fails at the same call each time would be of no use to anybody.
        static let faults = [
            Fault(call: "clone", error: "EAGAIN"), Fault(call: "pipe2", error: "EMFILE"),
            Fault(call: "pidfd_open", error: "EMFILE"), Fault(call: "epoll_ctl", error: "ENOMEM"),
            Fault(call: "epoll_wait", error: "EINTR"), Fault(call: "waitid", error: "EINTR"),
            Fault(call: "sendmsg", error: "ENOMEM", whole: false), Fault(call: "recvmsg", error: "EINTR", whole: false),
            Fault(call: "openat", error: "EMFILE", whole: false), Fault(call: "read", error: "EINTR", whole: false),
            Fault(call: "write", error: "EAGAIN", whole: false), Fault(call: "write", error: "ENOSPC", whole: false),
        ]

        /// Those that are tried with `CELERIAC_EVERY_CALL=1` only.
        static let furtherFaults = [
            Fault(call: "clone3", error: "ENOMEM"), Fault(call: "socketpair", error: "EMFILE"),
            Fault(call: "memfd_create", error: "ENOMEM"), Fault(call: "epoll_create1", error: "EMFILE"),
            Fault(call: "signalfd4", error: "EMFILE"), Fault(call: "eventfd2", error: "ENOMEM"),
            Fault(call: "prctl", error: "EINVAL"), Fault(call: "prlimit64", error: "EPERM"),
            Fault(call: "fcntl", error: "EMFILE"), Fault(call: "mkdir", error: "ENOSPC"),
            Fault(call: "sendmsg", error: "EAGAIN", whole: false),
            Fault(call: "recvmsg", error: "ENOMEM", whole: false),
            Fault(call: "read", error: "EIO", whole: false), Fault(call: "write", error: "EINTR", whole: false),
        ]

        private static let triesAll = Environment.current["CELERIAC_EVERY_CALL"] != nil

        private static let lines = [
            call("tasks.add", 1, 2, id: "add"), call("tasks.sleep", 0.02, id: "sleep"),
            call("demo.daemon", id: "daemon"), call("demo.exit", 3, id: "exit"),
            call("tasks.add", 3, 4, id: "last"),
        ]

        /// Beyond the first calls each so many-th fails.
        private static let stride = triesAll ? 1 : 23

        /// A run with its fault.
        private struct Case {
            let injection: Tracer.Injection
            let program: Program
            let log: String
        }

        @Test(arguments: triesAll ? faults + furtherFaults : faults) func aCallThatFailsCostsNoTask(fault: Fault) throws
        {
            let scratch = try ScratchDirectory()
            var (occurrence, isReached) = (1, true)
            while isReached {
                // Some at a time: each mostly waits.
                let cases = try (0..<4).map { _ in
                    defer { occurrence += occurrence < 4 ? 1 : Self.stride }
                    return try self.start(fault, occurrence, scratch)
                }
                for one in cases { isReached = try self.judge(one) && isReached }
                #expect(occurrence < 5_000)
            }
        }

        private func start(_ fault: Fault, _ occurrence: Int, _ scratch: ScratchDirectory) throws -> Case {
            let injection = Tracer.Injection(fault.call, fault.error, occurrence, whole: fault.whole)
            let log = scratch.file("trace-\(occurrence)")
            let journal = scratch.file("journal-\(occurrence)")
            let command = [
                Executable.demo.path, "run", "-c", "2", "--log-format", "json", "--log-level", "info", "--max-losses",
                "3", "--journal", journal,
            ]
            let program = try Program(command: Tracer.command(injection, command, log: log))
            program.send(Self.lines)
            program.closeInput()
            return Case(injection: injection, program: program, log: log)
        }

        /// Returns whether the fault was reached.
        private func judge(_ one: Case) throws -> Bool {
            let program = one.program
            do {
                let status = try program.finish(within: 40)
                // On a busy machine the tracer may be too late, and the program does not start.
                guard status != -SIGALRM else { return true }
                self.judge(one, status)
            } catch let error as NoOutcome where error.line.hasPrefix("OVERVIEW") {
                // The language's runtime could not read the command line: the program says how it is used.
            }
            return Tracer.hasStruck(log: one.log)
        }

        private func judge(_ one: Case, _ status: CInt) {
            let program = one.program
            let words = Comment(rawValue: "\(one.injection): status \(status)\n\(program.errorText.suffix(2_000))")
            // 127: the loader could not load the program.
            #expect([0, 1, 2, 3, 127].contains(status), words)
            let ids = program.outcomes.compactMap(\.id)
            #expect(Set(ids).count == ids.count, words)
            guard status < 2 else { return #expect(!program.errorText.isEmpty, words) }
            #expect(Set(ids) == ["add", "sleep", "daemon", "exit", "last"], words)
            let failed = program.outcomes.filter { $0.state != "SUCCESS" }.compactMap(\.id)
            // In each process: also in the task that starts others.
            #expect(failed == ["exit"] || one.injection.whole && failed.sorted() == ["daemon", "exit"], words)
        }
    }
}
