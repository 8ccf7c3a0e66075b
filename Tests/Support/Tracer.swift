import Foundation

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
        let fault = "\(injection.call):error=\(injection.error):when=\(injection.occurrence)"
        let options = ["-DDD", "-qq", "-o", log, "-e", "trace=\(injection.call)", "-e", "inject=\(fault)"]
        return [Self.path] + options + (injection.whole ? ["-f"] : []) + command
    }

    /// Whether the call was reached and has failed.
    package static func hasStruck(log: String) -> Bool {
        (try? String(contentsOfFile: log, encoding: .utf8))?.contains("(INJECTED)") ?? false
    }
}
