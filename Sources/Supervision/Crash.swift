/// What kind of crash ended a child, as its signal handler found it.
public enum Crash: String, CaseIterable, Equatable, Sendable {
    /// The program stopped itself: an index out of range, a `nil` that was unwrapped, `fatalError`, an overflow.
    case trap
    /// An address that is not there.
    case segfault
    /// An address that is there and cannot be used: the end of a mapped file that was cut, as a rule.
    case busError = "bus_error"
    /// `abort`, as the C library calls it for a damaged heap.
    case abort
    /// The stack grew beyond its end.
    case stackOverflow = "stack_overflow"
    /// A division by zero, or what else the processor cannot compute.
    case arithmetic
    /// An instruction that the processor does not know.
    case illegalInstruction = "illegal_instruction"
    /// No more memory could be mapped when it crashed.
    case outOfMemory = "out_of_memory"
    /// No more descriptors could be opened when it crashed.
    case outOfDescriptors = "out_of_descriptors"

    /// The name in words.
    var words: String { String(self.rawValue.map { $0 == "_" ? " " : $0 }) }
}
