import CShims
import Glibc
import SystemPackage

/// A program with its standard streams in pipes, run to its end. For a child: it waits.
public final class CommandProcess {
    /// What it wrote to standard output.
    public private(set) var output: [UInt8] = []
    /// The end of what it wrote to standard error; all of it goes to this process's standard error as well.
    public private(set) var errorOutput: [UInt8] = []

    private let pid: ProcessID
    private let process: ProcessDescriptor
    private var input: [UInt8]
    /// The end that is written; -1 once everything was.
    private var inputPipe: CInt
    private let outputPipe: Descriptor
    private let errorPipe: Descriptor
    private var isTold = false

    private static let keptErrorOutput = 16_384

    /// Starts the program.
    public init(_ request: SpawnRequest, input: [UInt8]) throws {
        let inputPipe = try Pipe()
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        var request = request
        request.standard = (inputPipe.reading.number, outputPipe.writing.number, errorPipe.writing.number)
        do {
            self.pid = try spawn(request)
        } catch {
            throw CommandStartError(program: request.path, error: error)
        }
        self.process = try ProcessDescriptor(child: self.pid)
        try setNonblocking(inputPipe.writing.number)
        try setNonblocking(outputPipe.reading.number)
        try setNonblocking(errorPipe.reading.number)
        self.input = input
        self.inputPipe = inputPipe.writing.release()
        self.outputPipe = outputPipe.reading
        self.errorPipe = errorPipe.reading
    }

    deinit { self.closeInput() }

    private func closeInput() {
        if self.inputPipe >= 0 { close(self.inputPipe) }
        self.inputPipe = -1
    }

    /// Moves bytes until the program has ended.
    ///
    /// - Parameters:
    ///   - notices: a descriptor that becomes readable when ``isCancelled`` may have changed.
    ///   - isCancelled: whether the program is to be told to stop (SIGTERM to its group, once).
    ///   - outputLimit: most bytes of output kept; the program is killed when it writes more.
    public func runToEnd(
        notices: CInt, isCancelled: () -> Bool, outputLimit: Int
    ) throws -> ExitStatus {
        while true {
            if isCancelled() && !self.isTold {
                self.isTold = true
                Glibc.kill(-self.pid, SIGTERM)
            }
            let ended = self.wait(notices)
            self.feed()
            let more = try self.collect(outputLimit: outputLimit)
            // Its pipes are read to their ends only while they yield: a daemon that it left may hold them for ever.
            if ended && !more, let exit = self.process.reap() { return exit.status }
        }
    }

    /// Waits until something can be done. Returns whether the program has ended.
    private func wait(_ notices: CInt) -> Bool {
        var entries = [
            pollfd(fd: self.process.descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.outputPipe.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.errorPipe.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: notices, events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.inputPipe, events: Int16(POLLOUT), revents: 0),
        ]
        // A program may close its output long before it ends: then only its end is waited for.
        for index in [1, 2] where self.closed[index - 1] { entries[index].fd = -1 }
        _ = poll(&entries, nfds_t(entries.count), -1)
        if entries[3].revents != 0 { while NoticeSignal.next(from: notices) != nil {} }
        return entries[0].revents != 0
    }

    private var closed = [false, false]

    private func feed() {
        guard self.inputPipe >= 0 else { return }
        while !self.input.isEmpty {
            let result = self.input.withUnsafeBytes { bytes in try? write(bytes, to: self.inputPipe) }
            guard case .bytes(let count)? = result else {
                if result == .wouldBlock { return }
                break
            }
            self.input.removeFirst(count)
        }
        self.closeInput()
    }

    /// Reads what is there. Returns whether there may be more.
    private func collect(outputLimit: Int) throws -> Bool {
        var more = false
        for (index, number) in [self.outputPipe.number, self.errorPipe.number].enumerated() {
            var result = ReadResult.wouldBlock
            let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                result = (try? read(number, into: UnsafeMutableRawBufferPointer(buffer))) ?? .endOfFile
                if case .bytes(let read) = result { count = read }
            }
            switch result {
            case .bytes:
                more = true
                if index == 0 { try self.keepOutput(bytes, outputLimit) } else { self.passOn(bytes) }
            case .wouldBlock: break
            case .endOfFile: self.closed[index] = true
            }
        }
        return more
    }

    private func keepOutput(_ bytes: [UInt8], _ limit: Int) throws {
        self.output += bytes
        guard self.output.count > limit else { return }
        Glibc.kill(-self.pid, SIGKILL)
        throw CommandOutputError(limit: limit)
    }

    private func passOn(_ bytes: [UInt8]) {
        self.errorOutput += bytes
        if self.errorOutput.count > 2 * Self.keptErrorOutput {
            self.errorOutput.removeFirst(self.errorOutput.count - Self.keptErrorOutput)
        }
        bytes.withUnsafeBytes { _ = try? write($0, to: STDERR_FILENO) }
    }
}

/// A command that could not be started.
public struct CommandStartError: Error, CustomStringConvertible {
    /// The program.
    public let program: String
    /// Why.
    public let error: Errno

    public var description: String { "cannot start \(self.program): \(self.error)" }
}

/// A command whose output is larger than a result may be.
public struct CommandOutputError: Error, CustomStringConvertible {
    /// The limit in bytes.
    public let limit: Int

    public var description: String { "the command wrote more than the result limit of \(self.limit) bytes" }
}

/// The environment of this process.
public enum Environment {
    /// All variables.
    public static var current: [String: String] {
        var variables: [String: String] = [:]
        guard var next = celeriac_environment() else { return [:] }
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[equals...].dropFirst())
            }
            next += 1
        }
        return variables
    }

    /// Overwrites the variables whose names are not wanted, and takes them out. The process must have one thread.
    ///
    /// Names are looked at one by one, so that no value is copied.
    public static func forget(_ isUnwanted: (String) -> Bool) {
        guard let entries = celeriac_environment() else { return }
        var kept = 0
        var next = 0
        while let entry = entries[next] {
            let length = strlen(entry)
            let nameLength = memchr(entry, CInt(UInt8(ascii: "=")), length).map { $0 - UnsafeMutableRawPointer(entry) }
            let name = UnsafeRawBufferPointer(start: entry, count: nameLength ?? length)
            if isUnwanted(String(decoding: name, as: UTF8.self)) {
                memset(entry, 0, length)
            } else {
                entries[kept] = entry
                kept += 1
            }
            next += 1
        }
        entries[kept] = nil
    }
}
