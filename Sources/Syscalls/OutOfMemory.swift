/// What the kernel does when the machine has no memory left.
public enum OutOfMemory {
    /// Makes this process, and all that it starts, the first to be killed (`/proc/self/oom_score_adj`). Every process may
    /// raise its own score.
    public static func preferThisProcess() {
        try? writeText("900", to: "/proc/self/oom_score_adj")
    }
}
