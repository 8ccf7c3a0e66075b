import Glibc

/// Processes that were ready to run, on average over 1, 5 and 15 minutes (`getloadavg(3)`).
public func loadAverages() -> [Double] {
    var averages = [0.0, 0.0, 0.0]
    guard getloadavg(&averages, 3) == 3 else { return [0, 0, 0] }
    return averages.map { ($0 * 100).rounded() / 100 }
}

/// Hours that local time is behind UTC, rounded down: Python's `time.timezone // 3600`.
public func utcOffsetHours() -> Int {
    var now = time(nil)
    var local = tm()
    guard localtime_r(&now, &local) != nil else { return 0 }
    return Int((Double(-local.tm_gmtoff) / 3_600).rounded(.down))
}

/// Release and machine of the kernel (`uname(2)`).
public func kernelName() -> String {
    var name = utsname()
    guard uname(&name) == 0 else { return "unknown" }
    func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(text(name.release)) \(text(name.machine))"
}

/// What this process has used (`getrusage(2)`), by the names that Python gives to it.
public func ownResourceUsage() -> [(name: String, value: Double)] {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    let counts: [(String, Int)] = [
        ("maxrss", usage.ru_maxrss), ("ixrss", usage.ru_ixrss), ("idrss", usage.ru_idrss), ("isrss", usage.ru_isrss),
        ("minflt", usage.ru_minflt), ("majflt", usage.ru_majflt), ("nswap", usage.ru_nswap),
        ("inblock", usage.ru_inblock), ("oublock", usage.ru_oublock), ("msgsnd", usage.ru_msgsnd),
        ("msgrcv", usage.ru_msgrcv), ("nsignals", usage.ru_nsignals), ("nvcsw", usage.ru_nvcsw),
        ("nivcsw", usage.ru_nivcsw),
    ]
    return [("utime", seconds(usage.ru_utime)), ("stime", seconds(usage.ru_stime))]
        + counts.map { ($0, Double($1)) }
}
