import JSON
import Syscalls
import SystemPackage
import TaskLines

/// Finds the last outcome of a task in a journal, or in any file of outcome lines.
struct OutcomeSearch {
    private let id: String
    /// The id as it stands in a line, to pass quickly over the others.
    private let mark: [UInt8]

    init(_ id: String) {
        self.id = id
        var mark: [UInt8] = []
        quoted(id, into: &mark)
        self.mark = mark
    }

    /// The outcome; `nil` when the file has none.
    func lastOutcome(in path: String) throws -> JSONObject? {
        let file = Descriptor(owning: try openForReading(path))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var splitter = LineSplitter()
        var last: JSONObject?
        while case .bytes(let count) = try read(file.number, into: buffer) {
            splitter.feed(Array(buffer[..<count]))
            while let line = splitter.next() { last = line.bytes.flatMap(self.outcome) ?? last }
        }
        return splitter.finish()?.bytes.flatMap(self.outcome) ?? last
    }

    private func outcome(_ line: ArraySlice<UInt8>) -> JSONObject? {
        guard self.mayBeMeant(line), case .object(let object)? = try? JSONValue(parsing: line),
            object["id"] == .string(self.id)
        else { return nil }
        return object
    }

    private func mayBeMeant(_ line: ArraySlice<UInt8>) -> Bool {
        line.withUnsafeBytes { bytes in self.mark.withUnsafeBytes { find($0, in: bytes) } }
    }
}
