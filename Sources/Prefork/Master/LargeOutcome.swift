import JSON
import Supervision
import Syscalls
import SystemPackage
import Wire

/// An outcome that is too large for the master's memory, on its way from a child's pipe into a file.
///
/// What can be known of the result only by reading all of it is found out while it comes: whether it is JSON. Line ends
/// become spaces, which in JSON they can stand for everywhere, so that it fits into a line. Once something is wrong,
/// the rest is dropped as it comes.
struct LargeOutcome {
    private enum Flaw {
        case notJSON
        case cannotSpool(Errno)
    }

    private var head: [UInt8] = []
    private var content: SpoolFile?
    private var count = 0
    private var scanner = JSONStreamScanner()
    private var flaw: Flaw?

    init() {
        do throws(Errno) { self.content = try SpoolFile() } catch { self.flaw = .cannotSpool(error) }
    }

    /// Takes the next bytes of the frame's payload.
    mutating func append(_ piece: Bytes) {
        let missing = OutcomeReport.fixedSize - self.head.count
        self.head += piece.prefix(missing)
        let rest = piece.dropFirst(missing)
        guard self.flaw == nil else { return self.count += rest.count }
        do throws(JSONError) {
            try rest.withUnsafeBufferPointer { bytes throws(JSONError) in try self.scanner.feed(bytes) }
        } catch {
            self.flaw = .notJSON
        }
        self.write(rest.onOneLine)
    }

    private mutating func write(_ bytes: Bytes) {
        defer { self.count += bytes.count }
        guard self.flaw == nil, let content else { return }
        do throws(Errno) {
            try bytes.withUnsafeBufferPointer { bytes throws(Errno) in
                try content.write(UnsafeRawBufferPointer(bytes), at: self.count)
            }
        } catch {
            self.flaw = .cannotSpool(error)
        }
    }

    /// All has come: the report, the state that the child gave it, and the result in its file.
    mutating func finish() throws(FrameError) -> (report: OutcomeReport, sent: OutcomeReport.State, result: Payload) {
        let report = try OutcomeReport(decoding: self.head[...])
        let (checked, result) = self.check(report)
        return (checked, report.state, result)
    }

    private mutating func check(_ report: OutcomeReport) -> (report: OutcomeReport, result: Payload) {
        guard report.state == .success else {
            return (report.with("UnknownError", "an error of \(self.size) is not read"), .empty)
        }
        if self.flaw == nil, (try? self.scanner.finish()) == nil { self.flaw = .notJSON }
        switch self.flaw {
        case .notJSON: return (report.notJSON, .empty)
        case .cannotSpool(let error):
            let message = "the result takes \(self.size) and cannot be spooled to \(SpoolFile.directory): \(error)"
            return (report.failed("ResultTooLarge", message), .empty)
        case nil: return (report, self.content.map { .file($0, 0..<self.count) } ?? .empty)
        }
    }

    private var size: String { "\(self.count) bytes" }
}

extension Master {
    func handleOutcomePiece(
        _ piece: Bytes, isLast: Bool, _ tag: DeliveryTag, _ child: ChildHandle
    ) throws(FrameError) {
        if child.largeOutcome == nil { child.largeOutcome = LargeOutcome() }
        child.largeOutcome!.append(piece)
        guard isLast else { return }
        defer { child.largeOutcome = nil }
        let (report, sent, result) = try child.largeOutcome!.finish()
        self.handleOutcome(report, sent: sent, result: result, tag, child)
        self.performActions()
    }
}

extension OutcomeReport {
    /// A child may be hostile: what it calls a result must be one, or it would not fit into what is stored.
    var checked: OutcomeReport {
        guard self.state == .success, (try? JSONSlice(validating: self.content)) == nil else { return self }
        return self.notJSON
    }

    fileprivate var notJSON: OutcomeReport { self.failed("InvalidResult", "the child's result is not JSON") }

    fileprivate func failed(_ type: String, _ message: String) -> OutcomeReport {
        var report = self.with(type, message)
        report.state = .failure
        return report
    }

    /// The same report of another error.
    fileprivate func with(_ type: String, _ message: String) -> OutcomeReport {
        var report = self
        let error: JSONValue = ["type": .string(type), "message": .string(message)]
        report.content = error.serialized()[...]
        return report
    }
}

extension Bytes {
    /// The same with spaces for line ends.
    fileprivate var onOneLine: Bytes {
        let isLineEnd = { (byte: UInt8) in byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
        guard self.contains(where: isLineEnd) else { return self }
        return self.map { isLineEnd($0) ? UInt8(ascii: " ") : $0 }[...]
    }
}
