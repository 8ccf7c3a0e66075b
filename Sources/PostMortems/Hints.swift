import Supervision

/// What the words of an error, and the limits in force, suggest as its reason.
public enum Hints {
    /// Hints about a failure that a task reported.
    ///
    /// - Parameter message: what the task said; its own words, which prove nothing.
    public static func about(_ message: String, limits: TaskLimits) -> [String] {
        self.rules.compactMap { rule in
            guard rule.words.contains(where: message.contains) else { return nil }
            return rule.hint(limits)
        }
    }

    private struct Rule {
        let words: [String]
        let hint: @Sendable (TaskLimits) -> String?
    }

    private static let rules = [
        Rule(words: ["Too many open files", "EMFILE"]) { limits in
            limits.openFiles.map { "open_files allows \($0) descriptors" }
        },
        Rule(words: ["File too large", "EFBIG", "SIGXFSZ", "File size limit exceeded"]) { limits in
            limits.fileSize.map { "file_size allows files of \($0)" }
        },
        Rule(words: ["Cannot allocate memory", "ENOMEM", "bad_alloc", "MemoryError"]) { limits in
            limits.memory.map { "memory allows \($0)" }
        },
        Rule(words: ["Resource temporarily unavailable", "EAGAIN"]) { limits in
            limits.processes.map { "processes allows \($0); threads and processes may also be limited from outside" }
        },
        Rule(words: ["SIGXCPU", "CPU time limit exceeded"]) { _ in "a CPU time limit (RLIMIT_CPU) is in force" },
        Rule(words: ["Operation not permitted", "Permission denied", "EPERM", "EACCES"]) { _ in
            "a file's mode, or a sandbox profile, may forbid this"
        },
    ]
}
