import CCrash
import Glibc

/// What a crashing process wrote about itself: where it was, in raw addresses.
///
/// The addresses mean something only in a process with the same address layout. `ccrash.h` has the layout of the bytes.
public struct CrashRecord: Equatable, Sendable {
    /// The size of every encoded record.
    public static let byteCount = MemoryLayout<celeriac_crash_record>.size

    /// A place in the program's code.
    public enum Address: Hashable, Sendable {
        /// The instruction that crashed.
        case programCounter(UInt64)
        /// The instruction after a call that had not returned.
        case returnAddress(UInt64)
    }

    /// The signal that ended the process.
    public let signal: Int32
    /// The kernel's `si_code`: why the signal was sent. Positive when no process sent it.
    public let code: Int32
    /// The process that crashed.
    public let process: Int32
    /// The thread that crashed; equal to ``process`` when it was the main thread.
    public let thread: Int32
    /// The address that could not be used, or 0 when the signal has none.
    public let faultAddress: UInt64
    /// The number of the system call that a filter refused; nil when the signal is another than SIGSYS.
    public let refusedCall: Int32?
    /// What the handler found out beside the signal.
    public let notes: Notes
    /// Where the stack ended.
    public let stackPointer: UInt64
    /// Innermost first: the instruction that crashed, then return addresses.
    public let addresses: [Address]
    /// How many return addresses were left out, from the middle of a very deep stack.
    public let omittedAddresses: Int
    /// What the Swift runtime printed before it trapped, cut to 512 bytes; empty when it printed nothing.
    public let message: String

    /// What a signal handler can find out beside the signal.
    public struct Notes: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The instruction is the one by which compilers end a program.
        public static let trapped = Notes(rawValue: CELERIAC_CRASH_TRAPPED.rawValue)
        /// No further descriptor could be opened.
        public static let noDescriptors = Notes(rawValue: CELERIAC_CRASH_NO_DESCRIPTORS.rawValue)
        /// No further memory could be mapped.
        public static let noMemory = Notes(rawValue: CELERIAC_CRASH_NO_MEMORY.rawValue)
        /// Another process, or a call of `kill`, sent the signal.
        public static let sent = Notes(rawValue: CELERIAC_CRASH_SENT.rawValue)
    }

    /// Reads a record. Returns nil for bytes that this version of the handler cannot have written.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var record = celeriac_crash_record()
        withUnsafeMutableBytes(of: &record) { $0.copyBytes(from: bytes) }
        guard record.magic == CELERIAC_CRASH_MAGIC, record.version == CELERIAC_CRASH_VERSION,
            record.count <= CELERIAC_CRASH_ADDRESSES
        else { return nil }
        self.init(record)
    }

    private init(_ record: celeriac_crash_record) {
        self.signal = record.signal
        self.code = record.code
        self.process = Int32(truncatingIfNeeded: record.process)
        self.thread = Int32(truncatingIfNeeded: record.thread)
        self.faultAddress = record.fault_address
        self.refusedCall = record.signal == SIGSYS && record.code > 0 ? Int32(record.system_call) : nil
        self.notes = Notes(rawValue: UInt32(record.notes))
        self.stackPointer = record.stack_pointer
        let returnAddresses = withUnsafeBytes(of: record.addresses) { bytes in
            bytes.bindMemory(to: UInt64.self).prefix(Int(record.count)).map(Address.returnAddress)
        }
        self.addresses = [.programCounter(record.program_counter)] + returnAddresses
        self.omittedAddresses = Int(record.omitted)
        self.message = withUnsafeBytes(of: record.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension CrashRecord.Address {
    /// The address as it was on the stack.
    var value: UInt64 {
        switch self {
        case .programCounter(let address), .returnAddress(let address): address
        }
    }

    /// An address inside the instruction that crashed, or that called.
    var instruction: UInt64 {
        switch self {
        case .programCounter(let address): address
        case .returnAddress(let address): address &- 1
        }
    }
}

extension CrashRecord {
    /// What the runtime printed, on one line; nil when it printed nothing.
    var words: String? {
        let words = self.message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return words.isEmpty ? nil : words
    }

    /// What the signal alone tells.
    var cause: String? {
        guard Signal(number: self.signal).concernsMemory, self.code > 0 else { return nil }
        if self.isStackOverflow { return "stack overflow" }
        // With this code the address is one that no memory can have, and the kernel does not tell it.
        return self.code == SI_KERNEL ? "bad address" : "bad address 0x" + String(self.faultAddress, radix: 16)
    }

    /// Whether the bad address is at the end of the stack.
    public var isStackOverflow: Bool {
        guard Signal(number: self.signal).concernsMemory, self.code > 0 else { return false }
        let distance = Int64(bitPattern: self.faultAddress &- self.stackPointer).magnitude
        return distance <= 64 << 10
    }
}
