import EngineSupport
import Glibc
import Syscalls
import Testing

extension EngineTests {
    /// The master as process 1, as in a container.
    @Suite struct NamespaceTests {
        /// Whether this machine lets us start a program as process 1.
        private static let isPermitted: Bool = {
            let request = SpawnRequest(
                path: "/usr/bin/unshare", arguments: ["unshare", "--pid", "--fork", "--mount-proc", "true"],
                environment: [])
            guard let pid = try? spawn(request), let exit = try? reap(pid) else { return false }
            return exit.status == .exited(0)
        }()

        @Test(.enabled(if: Self.isPermitted, "a PID namespace takes root or user namespaces"))
        func processOneReapsStrangersAndStopsWhenTerminated() throws {
            // The shell is process 1, and its children are strangers to the worker that takes its place: one ends before
            // the worker listens, one later.
            let script = "true & sleep 0.5 & exec \(Executable.demo.path) run -c 1 --log-format json --log-level debug"
            let program = try Program(
                command: ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script])
            try program.wait(forRecords: "child.ready")
            program.send(call("tasks.add", 1, 2, id: "a"))
            #expect(try program.outcome("a").result == 3)
            let master = try #require(ProcessTable.children(of: program.pid).first)
            try program.wait(for: "the strangers to be reaped", within: 5) {
                ProcessTable.children(of: master).allSatisfy { ProcessTable.name(of: $0) == "celeriac-tmpl" }
            }
            program.kill(master, SIGTERM)
            #expect(try program.finish(within: 5) == 4)
        }
    }
}
