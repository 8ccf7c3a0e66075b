import Supervision

/// How limits would be kept by a worker that was started in the same control groups as this process.
public struct ExpectedProtection: Equatable, Sendable {
    /// The mode.
    public let mode: ProtectionMode
    /// What there is, or why there is nothing better, for people.
    public let detail: String
}

extension ControlGroups {
    /// Looks what a choice would yield, and changes nothing.
    public static func expected(_ choice: GroupChoice) -> ExpectedProtection { self.expected(choice, .real) }

    package static func expected(_ choice: GroupChoice, _ files: GroupFiles) -> ExpectedProtection {
        let location = files.location()
        var obstacles: [String] = []
        if choice == .auto || choice == .v2 {
            do throws(GroupError) {
                let (group, controllers) = try UnifiedSetup(files, location).check()
                return ExpectedProtection(mode: .v2, detail: "\(Self.names(controllers)) below \(group)")
            } catch { obstacles.append(error.description) }
        }
        if choice == .auto || choice == .v1 {
            do throws(GroupError) {
                let group = try LegacySetup(files, location, rationsProcessors: true).check()
                return ExpectedProtection(
                    mode: .v1, detail: "\(Self.names(Array(location.legacy.keys))) below \(group) and its like")
            } catch { obstacles.append(error.description) }
        }
        let reason = choice == .off ? "control_groups is off" : obstacles.joined(separator: "; ")
        return ExpectedProtection(mode: .bare, detail: reason)
    }

    private static func names(_ controllers: [GroupLocation.Controller]) -> String {
        GroupLocation.Controller.allCases.filter(controllers.contains).map(\.rawValue).joined(separator: ", ")
    }
}
