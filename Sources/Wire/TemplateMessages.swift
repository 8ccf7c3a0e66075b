/// What the master tells a template. One message of a sequenced-packet socket each.
public enum TemplateOrder: Equatable, Sendable {
    /// Fork a child. Its orders (read end), reports and output (write ends) come with the message, and then the
    /// directories of its control groups, the one to kill it by first. Its breadcrumbs go to the page at this place.
    case fork(serial: UInt64, pool: UInt32, place: UInt32, groups: ForkGroups)
    /// Turn a crash record into a backtrace, or the records of several threads into their stacks.
    case symbolicate(request: UInt64, record: Bytes)
    /// Look where the threads of a child are.
    case sample(serial: UInt64)

    /// The message.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .fork(let serial, let pool, let place, let groups):
            bytes.append(1)
            bytes.append(integer: serial)
            bytes.append(integer: pool)
            bytes.append(integer: place)
            bytes.append(groups.encoded)
        case .symbolicate(let request, let record):
            bytes.append(2)
            bytes.append(integer: request)
            bytes.append(contentsOf: record)
        case .sample(let serial):
            bytes.append(3)
            bytes.append(integer: serial)
        }
        return bytes
    }

    /// Reads a message; `nil` when it is malformed.
    public init?(decoding message: [UInt8]) {
        var reader = PayloadReader(message[...])
        switch reader.integer(UInt8.self) {
        case 1:
            guard let serial = reader.integer(UInt64.self), let pool = reader.integer(UInt32.self),
                let place = reader.integer(UInt32.self), let groups = reader.integer(UInt8.self)
            else { return nil }
            self = .fork(serial: serial, pool: pool, place: place, groups: ForkGroups(groups))
        case 2:
            guard let request = reader.integer(UInt64.self) else { return nil }
            self = .symbolicate(request: request, record: reader.remainder())
        case 3:
            guard let serial = reader.integer(UInt64.self) else { return nil }
            self = .sample(serial: serial)
        default: return nil
        }
    }
}

/// What a template tells the master.
public enum TemplateReport: Equatable, Sendable {
    /// It waits for orders.
    case ready
    /// It cannot start, and no other could.
    case failed(reason: String)
    /// A child was forked. Its pidfd comes with the message.
    case forked(serial: UInt64, pid: Int32)
    /// A fork failed with this error number.
    case forkFailed(serial: UInt64, errorNumber: Int32)
    /// A child was reaped and its tree is gone.
    case exited(ReapedChild)
    /// The backtrace that was asked for, as JSON.
    case symbolicated(request: UInt64, Bytes)
    /// Where the threads of a child are: crash records of signal 0, one after the other.
    case sampled(serial: UInt64, Bytes)

    /// A child that was reaped.
    public struct ReapedChild: Equatable, Sendable {
        /// The child's number.
        public var serial: UInt64
        /// Whether a signal ended it.
        public var signalled: Bool
        /// Exit code or signal number.
        public var status: Int32
        /// CPU time in microseconds.
        public var cpuMicroseconds: UInt64
        /// Resident-set high-water mark in bytes.
        public var peakResident: UInt64
        /// Processes of its tree that outlived it and were killed.
        public var leftovers: UInt32
        /// Their command names, separated by blanks; cut when there are many.
        public var leftoverNames = ""

        /// A reaped child.
        public init(
            serial: UInt64, signalled: Bool, status: Int32, cpuMicroseconds: UInt64, peakResident: UInt64,
            leftovers: UInt32
        ) {
            self.serial = serial
            self.signalled = signalled
            self.status = status
            self.cpuMicroseconds = cpuMicroseconds
            self.peakResident = peakResident
            self.leftovers = leftovers
        }
    }

    /// The message.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .ready: bytes.append(1)
        case .failed(let reason):
            bytes.append(2)
            bytes.append(contentsOf: reason.utf8.prefix(16_384))
        case .forked(let serial, let pid):
            bytes.append(3)
            bytes.append(integer: serial)
            bytes.append(integer: pid)
        case .forkFailed(let serial, let errorNumber):
            bytes.append(4)
            bytes.append(integer: serial)
            bytes.append(integer: errorNumber)
        case .exited(let child):
            bytes.append(5)
            bytes.append(integer: child.serial)
            bytes.append(child.signalled ? 1 : 0)
            bytes.append(integer: child.status)
            bytes.append(integer: child.cpuMicroseconds)
            bytes.append(integer: child.peakResident)
            bytes.append(integer: child.leftovers)
            bytes.append(contentsOf: child.leftoverNames.utf8.prefix(512))
        case .symbolicated(let request, let text):
            bytes.append(6)
            bytes.append(integer: request)
            bytes.append(contentsOf: text)
        case .sampled(let serial, let records):
            bytes.append(7)
            bytes.append(integer: serial)
            bytes.append(contentsOf: records)
        }
        return bytes
    }

    /// Reads a message; `nil` when it is malformed.
    public init?(decoding message: [UInt8]) {
        var reader = PayloadReader(message[...])
        switch reader.integer(UInt8.self) {
        case 1: self = .ready
        case 2: self = .failed(reason: String(decoding: reader.remainder(), as: UTF8.self))
        case 3:
            guard let serial = reader.integer(UInt64.self), let pid = reader.integer(Int32.self) else { return nil }
            self = .forked(serial: serial, pid: pid)
        case 4:
            guard let serial = reader.integer(UInt64.self), let number = reader.integer(Int32.self) else {
                return nil
            }
            self = .forkFailed(serial: serial, errorNumber: number)
        case 5:
            guard let child = reader.reapedChild() else { return nil }
            self = .exited(child)
        case 6:
            guard let request = reader.integer(UInt64.self) else { return nil }
            self = .symbolicated(request: request, reader.remainder())
        case 7:
            guard let serial = reader.integer(UInt64.self) else { return nil }
            self = .sampled(serial: serial, reader.remainder())
        default: return nil
        }
    }
}

extension PayloadReader {
    fileprivate mutating func reapedChild() -> TemplateReport.ReapedChild? {
        guard let serial = self.integer(UInt64.self), let signalled = self.integer(UInt8.self),
            let status = self.integer(Int32.self), let cpu = self.integer(UInt64.self),
            let peak = self.integer(UInt64.self), let leftovers = self.integer(UInt32.self)
        else { return nil }
        var child = TemplateReport.ReapedChild(
            serial: serial, signalled: signalled == 1, status: status, cpuMicroseconds: cpu, peakResident: peak,
            leftovers: leftovers)
        child.leftoverNames = String(decoding: self.remainder(), as: UTF8.self)
        return child
    }
}
