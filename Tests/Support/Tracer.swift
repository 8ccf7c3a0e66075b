import Foundation
import Syscalls

/// strace as a means: it lets one system call of a program fail.
package enum Tracer {
    private static let path = "/usr/bin/strace"

    /// Why it cannot be used here; `nil` when it can.
    package static let obstacle: String? = {
        guard FileManager.default.isExecutableFile(atPath: Self.path) else { return "there is no strace" }
        let attempt = try? Program(command: [Self.path, "-o", "/dev/null", "true"], expectsOutcomes: false)
        return (try? attempt?.finish(within: 10)) == 0 ? nil : "processes cannot be traced"
    }()

    /// One call that fails.
    package struct Injection: CustomStringConvertible, Sendable {
        package let call: String
        package let error: String
        /// Which call of this kind, from 1. With ``whole``, that of each process.
        package let occurrence: Int
        /// Whether templates and children are meant as well, and not only the program itself.
        package let whole: Bool

        package init(_ call: String, _ error: String, _ occurrence: Int, whole: Bool = false) {
            (self.call, self.error, self.occurrence, self.whole) = (call, error, occurrence, whole)
        }

        package var description: String {
            "\(self.call) \(self.occurrence) fails with \(self.error)\(self.whole ? " in each process" : "")"
        }
    }

    /// The command line of a program one of whose calls fails. The program is the process that is started; the tracer
    /// watches from aside and writes what it saw into a file.
    package static func command(_ injection: Injection, _ command: [String], log: String) -> [String] {
        [Self.path, "-DDD"] + Self.options(injection, log: log) + (injection.whole ? ["-f"] : []) + command
    }

    private static func options(_ injection: Injection, log: String) -> [String] {
        let fault = "\(injection.call):error=\(injection.error):when=\(injection.occurrence)"
        return ["-qq", "-o", log, "-e", "trace=\(injection.call)", "-e", "inject=\(fault)"]
    }

    /// Lets a call fail in processes that run already, and in those that they start: each counts its own, from now on.
    /// The tracer ends with the last of them.
    package static func attach(_ injection: Injection, to processes: [ProcessID], log: String) throws -> Program {
        let targets = processes.flatMap { ["-p", "\($0)"] }
        let tracer = try Program(
            command: [Self.path, "-f"] + Self.options(injection, log: log) + targets, expectsOutcomes: false)
        try tracer.wait(for: "the tracer") { processes.allSatisfy(Self.isTraced) }
        return tracer
    }

    private static func isTraced(_ pid: ProcessID) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return true }
        return !status.contains("TracerPid:\t0\n")
    }

    /// In how many calls it has struck.
    package static func strikes(log: String) -> Int {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.components(separatedBy: "(INJECTED)").count - 1
    }

    /// Whether the call was reached and has failed.
    package static func hasStruck(log: String) -> Bool { Self.strikes(log: log) > 0 }
}
