import JSON
import Supervision
import TaskLines

/// Input lines of `celeriac run`: splitting does not depend on the chunks, a line parses or is refused with a place
/// inside it, and JSON that parses survives being written.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = lines(in: [bytes])
    precondition(whole == lines(in: [Array(bytes.prefix(count / 2)), Array(bytes.dropFirst(count / 2))]))
    for line in whole { if let content = line.bytes { check(content) } }
    return 0
}

private func lines(in chunks: [[UInt8]]) -> [LineSplitter.Line] {
    var splitter = LineSplitter(maxLineLength: 1_024)
    var lines: [LineSplitter.Line] = []
    for chunk in chunks {
        splitter.feed(chunk)
        while let line = splitter.next() { lines.append(line) }
    }
    if let line = splitter.finish() { lines.append(line) }
    return lines
}

private func check(_ line: ArraySlice<UInt8>) {
    do {
        if let task = try TaskLine(parsing: line) { _ = task.limits.applied(to: TaskLimits()) }
    } catch {
        precondition(error.column >= 1 && error.column <= line.count + 1, "An error has a place in its line.")
    }
    guard let value = try? JSONValue(parsing: line) else { return }
    guard let again = try? JSONValue(parsing: value.serialized()) else {
        preconditionFailure("What was written parses.")
    }
    precondition(again == value, "A value survives being written.")
}
