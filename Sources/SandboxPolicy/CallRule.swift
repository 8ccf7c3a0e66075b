/// What the kernel does with a system call.
public enum CallAction: Hashable, Sendable {
    /// Runs it.
    case allow
    /// Does not run it; the task finds this error number.
    case fail(Int32)
    /// Does not run it and ends the child, which reports the call's name.
    case end
    /// Runs it and writes it to the kernel's log.
    case log
}

/// A test of one argument of a call.
public enum ArgumentTest: Hashable, Sendable {
    /// The bits of the mask have this value.
    case bits(argument: UInt32, mask: UInt64, value: UInt64)
    /// The argument is at least this.
    case atLeast(argument: UInt32, UInt64)
    /// The argument is anything else.
    case other(argument: UInt32, than: UInt64)
    /// The argument is the number of the process that the filter is installed in.
    case ownProcess(argument: UInt32)

    /// An argument of type `int`, of which the kernel looks at half.
    static func integer(_ argument: UInt32, _ value: UInt64) -> ArgumentTest {
        .bits(argument: argument, mask: 0xffff_ffff, value: value)
    }
}

/// What happens to one call when its arguments pass all tests.
public struct CallRule: Hashable, Sendable {
    /// The call's name.
    public let call: String
    /// What happens.
    public let action: CallAction
    /// All must pass; none is every call.
    public let tests: [ArgumentTest]

    init(_ call: String, _ action: CallAction, _ tests: ArgumentTest...) {
        self.call = call
        self.action = action
        self.tests = tests
    }
}
