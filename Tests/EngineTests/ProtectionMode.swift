import EngineSupport
import Testing

/// How limits are kept: every protection holds in each.
enum ProtectionMode: String, CaseIterable, CustomTestStringConvertible {
    case off
    case v1
    case v2

    var testDescription: String { self.rawValue }

    /// Flags for `run`.
    var flags: [String] { ["--control-groups", self.rawValue] }

    /// Whether the machine has it, as the program finds out itself.
    private static let unavailable: [ProtectionMode: String] = {
        var found: [ProtectionMode: String] = [:]
        for mode in Self.allCases {
            guard let program = try? Program(run: .demo, ["-c", "1"] + mode.flags) else { continue }
            if (try? program.finish()) != 0 { found[mode] = program.errorText }
        }
        return found
    }()

    /// Ends the test, with the reason, where the machine does not have it.
    func required() throws {
        if let reason = Self.unavailable[self] { try Test.cancel("\(reason)") }
    }
}
