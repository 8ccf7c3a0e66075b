import JSON
import Supervision
import TaskLines

/// Input lines of `celeriac run`: splitting does not depend on the chunks, a line parses or is refused with a place
/// inside it, and JSON that parses survives being written.
func exerciseTaskLines(_ bytes: [UInt8]) {
    let whole = lines(in: [bytes])
    precondition(whole == lines(in: [Array(bytes.prefix(bytes.count / 2)), Array(bytes.dropFirst(bytes.count / 2))]))
    for line in whole { if let content = line.bytes { check(content) } }
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

/// A line in pieces has the same fields, with the arguments where it says that they are.
private func checkOutline(_ line: ArraySlice<UInt8>, _ whole: TaskLine?) {
    var outline = LineOutline()
    let (first, second) = (line.prefix(line.count / 3), line.dropFirst(line.count / 3))
    guard (try? outline.feed(first)) != nil, (try? outline.feed(second)) != nil, let parts = try? outline.finish()
    else { return precondition(whole == nil, "A task line is one in pieces as well.") }
    let part = { (range: Range<Int>?, otherwise: ArraySlice<UInt8>?) in
        range.map { line.dropFirst($0.lowerBound).prefix($0.count) } ?? otherwise
    }
    precondition(parts.line?.task.string == whole?.task.string)
    precondition(part(parts.args, parts.line?.args) == whole?.args)
    precondition(part(parts.kwargs, parts.line?.kwargs) == whole?.kwargs)
}

private func check(_ line: ArraySlice<UInt8>) {
    do {
        let task = try TaskLine(parsing: line)
        _ = task?.limits.applied(to: TaskLimits())
        checkOutline(line, task)
    } catch {
        checkOutline(line, nil)
        precondition(error.column >= 1 && error.column <= line.count + 1, "An error has a place in its line.")
    }
    guard let value = try? JSONValue(parsing: line) else { return }
    guard let again = try? JSONValue(parsing: value.serialized()) else {
        preconditionFailure("What was written parses.")
    }
    precondition(again == value, "A value survives being written.")
}
