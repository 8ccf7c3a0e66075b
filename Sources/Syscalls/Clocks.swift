import CShims
import Glibc

/// Nanoseconds on the monotonic clock (`CLOCK_MONOTONIC`).
public func monotonicNanoseconds() -> UInt64 { celeriac_monotonic_nanoseconds() }

/// Nanoseconds since 1970 on the wall clock (`CLOCK_REALTIME`).
public func wallNanoseconds() -> Int64 { celeriac_wall_nanoseconds() }

/// CPU time that this thread has used, in nanoseconds (`CLOCK_THREAD_CPUTIME_ID`).
public func threadCPUNanoseconds() -> UInt64 { celeriac_thread_cpu_nanoseconds() }

/// CPU time that a process has used in all its threads, in nanoseconds; `nil` when it is gone.
public func cpuNanoseconds(of pid: ProcessID) -> UInt64? {
    var nanoseconds: UInt64 = 0
    return celeriac_cpu_time(pid, &nanoseconds) == 0 ? nanoseconds : nil
}

/// CPU time that this process has used and its resident-set high-water mark (`getrusage(2)`).
public func ownUsage() -> (cpuNanoseconds: UInt64, peakResident: UInt64) {
    var cpu: UInt64 = 0
    var peak: UInt64 = 0
    celeriac_own_usage(&cpu, &peak)
    return (cpu, peak)
}

/// Waits a tenth of a millisecond, for what the kernel is about to finish and no descriptor tells of.
public func pauseBriefly() { usleep(100) }
