extension Cause {
    /// Every word that ``name`` can be, so that metrics have room for each and for no others.
    public static let names: [String] =
        [
            "soft_time", "hard_time", "soft_cpu_time", "hard_cpu_time", "soft_memory", "memory", "memory_shortage",
            "output", "processes", "file_size", "data_limit", "stuck", "exit", "killed", "cpu_rlimit", "signal",
            "sandbox", "protocol", "terminated", "template_lost", "shutdown",
        ] + Crash.allCases.map(\.rawValue)
}
