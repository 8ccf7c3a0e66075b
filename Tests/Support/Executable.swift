import Glibc

/// The programs that the build puts beside the test program.
package enum Executable: String {
    /// The plain program, whose tasks stand in the configuration.
    case plain = "celeriac"
    /// The program with well-behaved tasks and with faults.
    case demo = "celeriac-demo"
    /// The program with tasks that tests can hold and look into.
    case fixture = "EngineFixture"
    /// The program behind `make soak`.
    case soak = "Soak"
    /// The program that forks into a control group.
    case groups = "GroupFixture"

    package var path: String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        let runner = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return runner.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/" + self.rawValue
    }
}
