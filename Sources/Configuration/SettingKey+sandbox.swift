import SandboxPolicy

extension SettingKey {
    /// What a profile of one's own is made of.
    static let sandboxKeys: [SettingKey] = [
        extends, user, group, capabilities, keepEnvironment, read, write, privateTmp, network, signals, allow,
        deny, onDenied, optionalSteps,
    ]

    static let sandbox = SettingKey(
        "sandbox",
        in: [.worker, .pools, .tasks],
        .profileName,
        default: SandboxProfile.standard.name,
        "The sandbox profile of the children: `none`, `basic`, `worker`, `offline`, `compute`, `strict`, or one of `[sandbox]`."
    )

    static let extends = SettingKey(
        "extends",
        in: [.sandbox],
        .profileName,
        default: SandboxProfile.standard.name,
        "The profile that this one differs from."
    )
    static let user = SettingKey(
        "user",
        in: [.sandbox],
        .text,
        default: nil,
        "Whom the child acts as: a name or number; `same` as the worker; `unprivileged` is nobody when the worker is root; `per-child` is a user of its own."
    )
    static let group = SettingKey(
        "group",
        in: [.sandbox],
        .text,
        default: nil,
        "The child's group, by name or number; without it, the user's."
    )
    static let capabilities = SettingKey(
        "capabilities",
        in: [.sandbox],
        .capabilities,
        default: nil,
        "The capabilities that the child keeps of the worker's; an empty array is none."
    )
    static let keepEnvironment = SettingKey(
        "keep_environment",
        in: [.sandbox],
        .variables,
        default: nil,
        "The variables that the child keeps; `LC_*` is all that begin so, `*` is all, an empty array is none."
    )
    static let read = SettingKey(
        "read",
        in: [.sandbox],
        .paths,
        default: nil,
        "Files and directories that the child may read beside those of the profile it extends."
    )
    static let write = SettingKey(
        "write",
        in: [.sandbox],
        .paths,
        default: nil,
        "Files and directories that the child may read and change, beside."
    )
    static let privateTmp = SettingKey(
        "private_tmp",
        in: [.sandbox],
        .size,
        or: .unlimited,
        default: nil,
        "The size of a /tmp in memory that the child has to itself; \"none\" is the machine's /tmp."
    )
    static let network = SettingKey(
        "network",
        in: [.sandbox],
        .network,
        default: nil,
        "What the child reaches by network; with a list, TCP only, to and on these ports."
    )
    static let signals = SettingKey(
        "signals",
        in: [.sandbox],
        .choice(["own", "any"]),
        default: nil,
        "Whether the child can signal, and look into, only processes that it started."
    )
    static let allow = SettingKey(
        "allow",
        in: [.sandbox],
        .calls,
        default: nil,
        "System calls, and sets of them such as `@process`, that are allowed beside."
    )
    static let deny = SettingKey(
        "deny",
        in: [.sandbox],
        .calls,
        default: nil,
        "System calls, and sets of them, that are denied."
    )
    static let onDenied = SettingKey(
        "on_denied",
        in: [.sandbox],
        .choice(["end", "error", "log"]),
        default: nil,
        "What a denied system call does: ends the attempt, fails with EPERM, or runs and is written to the kernel's log."
    )
    static let optionalSteps = SettingKey(
        "optional",
        in: [.sandbox],
        .steps,
        default: nil,
        "Steps that a host may be unable to take; the worker says so and goes on. They replace those of the profile it extends."
    )
}
