import CCrash

/// Looks where threads of another process are.
///
/// Only in a process with the address layout of that one, and one that ends soon: see ``Symbolizer``.
public enum StackSampler {
    /// Describes threads, those that can be looked at. Each is stopped for some microseconds.
    public static func sample(_ process: Int32, threads: [Int32]) -> [[UInt8]] {
        threads.compactMap { thread in
            var record = celeriac_crash_record()
            guard celeriac_crash_sample(process, thread, &record) == 0 else { return nil }
            return withUnsafeBytes(of: &record) { Array($0) }
        }
    }
}
