import Glibc
import JSON
import Syscalls

/// A started program, its standard streams in the test's hands.
///
/// Bytes move only while the test waits for something, so there is no thread, and a test can leave output unread.
/// Survivors of its tree are found by a mark in the environment, which all that it starts inherits, and, since a task
/// may start programs with another environment, by what was seen below it. Whatever is left at the end of a test is
/// killed.
package final class Program {
    package let pid: ProcessID
    /// Outcome lines in the order of arrival.
    package private(set) var outcomes: [Outcome] = []
    /// Lines of standard output as they came.
    package private(set) var outputLines: [String] = []
    /// Log records: lines of standard error that are JSON objects.
    package private(set) var log: [JSONValue] = []
    /// All of standard error.
    package private(set) var errorText = ""
    /// Whether standard output is read when there is something.
    package var readsOutput = true
    /// Whether output lines must be outcomes.
    private let expectsOutcomes: Bool
    /// Output lines that should have been outcomes and are none.
    private var stray: [String] = []

    private let process: ProcessDescriptor
    private let mark: String
    /// Pipe ends of the test: standard input, output, error; -1 once closed.
    private var ends: [CInt]
    /// The program's own end of its standard input, to see what it left there.
    private let inputReader: CInt
    private var unsent: [UInt8] = []
    private var taken = 0
    private var closesInput = false
    private var partial: [[UInt8]] = [[], []]
    package private(set) var exit: Exit?
    /// Processes seen below it, and when each started.
    private var seen: [ProcessID: UInt64] = [:]
    private var nextLook: UInt64 = 0
    /// `F_SETPIPE_SZ`, which Swift does not import.
    private static let setPipeSize: CInt = 1_031

    /// Starts a command line.
    package init(command: [String], environment: [String: String] = [:], expectsOutcomes: Bool = true) throws {
        self.mark = "ENGINE_TEST=\(ownProcessID)-\(UInt64.random(in: .min ... .max))"
        self.expectsOutcomes = expectsOutcomes
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        // Room for the whole log of a test: a line that finds none is dropped.
        _ = fcntl(errors.writing.number, Self.setPipeSize, CInt(1 << 20))
        let inherited = Environment.current.filter { !$0.key.hasPrefix("CELERIAC_") }
        let variables = inherited.merging(environment) { $1 }
        var request = SpawnRequest(
            path: command[0], arguments: command, environment: variables.map { "\($0.key)=\($0.value)" } + [self.mark])
        request.standard = (input.reading.number, output.writing.number, errors.writing.number)
        request.newGroup = true
        self.pid = try spawn(request)
        self.process = try ProcessDescriptor(child: self.pid)
        for end in [input.writing.number, output.reading.number, errors.reading.number] { try setNonblocking(end) }
        self.ends = [input.writing.release(), output.reading.release(), errors.reading.release()]
        self.inputReader = input.reading.release()
        // Some programs, Redis among them, write their title over their environment, and the mark with it.
        self.seen[self.pid] = ProcessList.start(of: self.pid)
    }

    /// Starts `run` with a log that a test can read.
    package convenience init(
        run executable: Executable, _ arguments: [String], environment: [String: String] = [:]
    ) throws {
        let log = ["--log-format", "json", "--log-level", "debug"]
        try self.init(command: [executable.path, "run"] + log + arguments, environment: environment)
    }

    deinit {
        // What a dying process leaves behind is found by the next look.
        let deadline = monotonicNanoseconds() + 5_000_000_000
        while !self.family.isEmpty, monotonicNanoseconds() < deadline {
            for member in self.family { self.kill(member, SIGKILL) }
            if self.exit == nil { self.exit = self.process.reap() }
            usleep(1_000)
        }
        if self.exit == nil { self.exit = self.process.reap() }
        for end in self.ends + [self.inputReader] where end >= 0 { close(end) }
    }

    // MARK: Input

    /// Adds lines to its standard input.
    package func send(_ lines: [String]) { self.send(text: lines.joined(separator: "\n") + "\n") }

    package func send(text: String) { self.unsent += text.utf8 }

    package func send(_ lines: String...) { self.send(lines) }

    /// Closes its standard input when all that was sent is taken.
    package func closeInput() { self.closesInput = true }

    /// Bytes that it has not taken from the test.
    package var unsentBytes: Int { self.unsent.count - self.taken }

    /// What is left in its standard input. For after its end.
    package func unreadInput() throws -> String {
        try setNonblocking(self.inputReader)
        var text: [UInt8] = []
        while let bytes = try Self.readSome(self.inputReader), !bytes.isEmpty { text += bytes }
        return String(decoding: text, as: UTF8.self)
    }

    /// Closes the pipe that its standard output goes to.
    package func closeOutput() { self.closeEnd(1) }

    // MARK: Waiting

    /// Moves bytes until `condition` holds; throws when that takes too long, or when a line is no outcome.
    package func wait(for what: String, within seconds: Double = 20, until condition: () throws -> Bool) throws {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while !(try condition()) {
            if let line = self.stray.first { throw NoOutcome(line: line) }
            guard monotonicNanoseconds() < deadline else {
                throw Overdue(what: what, seconds: seconds, outcomes: self.outcomes.count, errorText: self.errorText)
            }
            self.moveBytes(milliseconds: 5)
        }
    }

    /// Moves bytes for so long, for tests that show that something does not happen.
    package func watch(seconds: Double) {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while monotonicNanoseconds() < deadline { self.moveBytes(milliseconds: 5) }
    }

    /// Moves what is there.
    package func poll() { self.moveBytes(milliseconds: 0) }

    /// Waits for the first outcome with this id.
    package func outcome(_ id: String, within seconds: Double = 20) throws -> Outcome {
        try self.wait(for: "the outcome of \(id)", within: seconds) { self.outcomes.contains { $0.id == id } }
        return self.outcomes.first { $0.id == id }!
    }

    /// Log records with this message.
    package func records(_ message: String) -> [JSONValue] { self.log.filter { $0["message"] == .string(message) } }

    /// Waits for so many log records with this message.
    @discardableResult
    package func wait(forRecords message: String, count: Int = 1, within seconds: Double = 20) throws -> [JSONValue] {
        try self.wait(for: "\(count) × \(message) in the log", within: seconds) { self.records(message).count >= count }
        return self.records(message)
    }

    /// Sends everything, waits for the end, and requires that nothing of the tree is left: both output pipes reach
    /// their ends, and none of its processes lives. Returns the exit status, or the signal's number below zero.
    @discardableResult
    package func finish(within seconds: Double = 30) throws -> CInt {
        self.closeInput()
        self.lookForDescendants()
        try self.wait(for: "the end", within: seconds) { self.exit != nil && self.ends[1] < 0 && self.ends[2] < 0 }
        // A master that is killed cannot wait for its tree, which has a second to follow; otherwise a last process may
        // be on its way out.
        let patience = self.exit!.status == .signalled(SIGKILL) ? 1 : 0.2
        try self.wait(for: "the end of the tree", within: patience) { self.family.isEmpty }
        switch self.exit!.status {
        case .exited(let code): return code
        case .signalled(let signal): return -signal
        }
    }

    private func moveBytes(milliseconds: CInt) {
        if self.closesInput && self.unsent.isEmpty { self.closeEnd(0) }
        var entries = [
            pollfd(fd: self.unsent.isEmpty ? -1 : self.ends[0], events: Int16(POLLOUT), revents: 0),
            pollfd(fd: self.readsOutput ? self.ends[1] : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.ends[2], events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.exit == nil ? self.process.descriptor.number : -1, events: Int16(POLLIN), revents: 0),
        ]
        _ = Glibc.poll(&entries, nfds_t(entries.count), milliseconds)
        if entries[0].revents != 0 { self.feed() }
        for index in [1, 2] where entries[index].revents != 0 { self.collect(index) }
        if entries[3].revents != 0 { self.exit = self.process.reap() }
        if monotonicNanoseconds() >= self.nextLook { self.lookForDescendants() }
    }

    private func feed() {
        let piece = self.unsent[self.taken...].prefix(65_536)
        let result = piece.withUnsafeBytes { try? Syscalls.write($0, to: self.ends[0]) }
        if case .bytes(let count)? = result { self.taken += count }
        // The test holds the other end as well: a program that is gone takes nothing more, and that is no error.
        guard self.unsentBytes == 0 || self.exit != nil else { return }
        (self.unsent, self.taken) = ([], 0)
    }

    private func collect(_ index: Int) {
        guard let bytes = try? Self.readSome(self.ends[index]) else { return self.closeEnd(index) }
        if index == 2 { self.errorText += String(decoding: bytes, as: UTF8.self) }
        guard bytes.contains(UInt8(ascii: "\n")) else { return self.partial[index - 1] += bytes }
        let all = self.partial[index - 1] + bytes
        var lines = all.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        self.partial[index - 1] = Array(lines.removeLast())
        for line in lines { if index == 1 { self.addOutput(line) } else { self.addLog(line) } }
    }

    private func addOutput(_ line: ArraySlice<UInt8>) {
        self.outputLines.append(String(decoding: line, as: UTF8.self))
        guard self.expectsOutcomes else { return }
        guard let json = try? JSONValue(parsing: line), json["state"] != nil else {
            return self.stray.append(String(decoding: line.prefix(200), as: UTF8.self))
        }
        self.outcomes.append(Outcome(json: json, arrival: monotonicNanoseconds()))
    }

    private func addLog(_ line: ArraySlice<UInt8>) {
        if line.first == UInt8(ascii: "{"), let record = try? JSONValue(parsing: line) { self.log.append(record) }
    }

    /// What is there: empty when nothing is, `nil` at the end.
    private static func readSome(_ descriptor: CInt) throws -> [UInt8]? {
        var result = ReadResult.wouldBlock
        let bytes = try [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            result = try Syscalls.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer))
            if case .bytes(let read) = result { count = read }
        }
        return result == .endOfFile ? nil : bytes
    }

    private func closeEnd(_ index: Int) {
        if self.ends[index] >= 0 { close(self.ends[index]) }
        self.ends[index] = -1
    }

    // MARK: Processes

    /// The living processes of its tree, itself included.
    package var family: [ProcessID] {
        self.lookForDescendants()
        return ProcessList.all.filter { self.isOurs($0) }
    }

    private func lookForDescendants() {
        self.nextLook = monotonicNanoseconds() + 30_000_000
        guard self.exit == nil else { return }
        for pid in ProcessTable.descendants(of: self.pid) { self.seen[pid] = ProcessList.start(of: pid) }
    }

    /// Its templates.
    package var templates: [ProcessID] {
        Self.children(of: self.pid, named: "celeriac-tmpl")
    }

    /// Children of its templates, without the templates' helpers.
    package var children: [ProcessID] {
        self.templates.flatMap { Self.children(of: $0, named: "celeriac-child") }
    }

    private static func children(of pid: ProcessID, named name: String) -> [ProcessID] {
        ProcessTable.children(of: pid).filter { ProcessTable.name(of: $0) == name }
    }

    private func isOurs(_ pid: ProcessID) -> Bool {
        if ProcessList.environment(of: pid).contains(self.mark) { return true }
        return self.seen[pid].map { $0 == ProcessList.start(of: pid) } ?? false
    }

    /// Signals a process of its tree. One that is gone is none: its number may be another's.
    package func kill(_ pid: ProcessID, _ signal: CInt) {
        guard let process = try? ProcessDescriptor(child: pid), self.isOurs(pid) else { return }
        process.send(Signal(signal))
    }

    /// Signals the program itself.
    package func signal(_ signal: CInt) {
        self.lookForDescendants()
        self.process.send(Signal(signal))
    }

    /// Signals its process group, as a terminal does.
    package func signalGroup(_ signal: CInt) { Glibc.kill(-self.pid, signal) }
}
