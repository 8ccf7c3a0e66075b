import Sandbox
import SandboxPolicy

/// Makes the sandboxes of all pools ready before the first fork.
enum SandboxPreparation {
    /// What this host cannot do for a pool.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The sandboxes by pool; pools of one profile share one.
    static func prepare(_ profiles: [SandboxProfile]) throws(Failure) -> [Sandbox] {
        var known: [String: Sandbox] = [:]
        do {
            try Sandbox.limitCapabilities(to: profiles)
        } catch {
            throw Failure(description: "cannot sandbox: \(error)")
        }
        for profile in profiles where known[profile.name] == nil {
            do {
                known[profile.name] = try Sandbox(preparing: profile)
            } catch {
                throw Failure(description: "cannot sandbox with the profile \(profile.name): \(error)")
            }
        }
        return profiles.compactMap { known[$0.name] }
    }
}
