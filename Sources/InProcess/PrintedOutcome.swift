import Journal
import Syscalls
import TaskLines

/// An outcome line, and its result, which may lie in a file.
struct PrintedOutcome {
    let line: OutcomeLine
    /// The result on one line; empty when there is none.
    let result: Payload

    init(_ line: OutcomeLine, _ result: Payload) {
        self.line = line
        if case .result(let json) = line.ending, case .memory = result {
            self.result = .memory(json)
        } else {
            self.result = result
        }
    }

    /// The outcome as the journal takes it: without its newline, and with `null` for a result that lies in a file.
    func record() -> (outcome: ArraySlice<UInt8>, large: Journal.LargeValue?) {
        var bytes: [UInt8] = []
        var large: Journal.LargeValue?
        self.numberless.write(
            pieces: { $0(&bytes) },
            result: { json in
                guard case .file = self.result else { return bytes.append(contentsOf: json) }
                let start = bytes.count
                bytes.append(contentsOf: "null".utf8)
                large = Journal.LargeValue(place: start..<bytes.count, content: self.result)
            })
        return (bytes.dropLast(), large)
    }

    /// The line without the number of its input line, which the journal keeps with the input's.
    private var numberless: OutcomeLine {
        var line = self.line
        line.line = nil
        return line
    }
}

extension Payload {
    /// The bytes in memory on one line; none when they lie in a file.
    var lineInMemory: ArraySlice<UInt8> {
        if case .memory(let json) = self { OutcomeLine.singleLine(json) } else { [] }
    }
}
