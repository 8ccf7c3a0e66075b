import Syscalls

/// A command and its arguments, laid out for the wire as they are added.
public struct Command: Sendable {
    private static let largeArgument = 8_192

    private var segments: [ArraySlice<UInt8>] = []
    private var gathering: [UInt8] = []
    private var count = 0

    /// A command of several words: `Command("CLIENT", "ID")`.
    public init(_ words: String...) {
        for word in words { self.add(word) }
    }

    /// Adds a text.
    public mutating func add(_ text: String) {
        self.begin(text.utf8.count)
        self.gathering.append(contentsOf: text.utf8)
        self.end()
    }

    /// Adds an integer.
    public mutating func add(_ integer: Int) { self.add(String(integer)) }

    /// Adds bytes; many are kept where they lie, not copied.
    public mutating func add(_ bytes: ArraySlice<UInt8>) {
        self.begin(bytes.count)
        if bytes.count < Self.largeArgument {
            self.gathering.append(contentsOf: bytes)
        } else {
            self.segments.append(self.gathering[...])
            self.segments.append(bytes)
            self.gathering = []
        }
        self.end()
    }

    /// Adds bytes.
    public mutating func add(_ bytes: [UInt8]) { self.add(bytes[...]) }

    private mutating func begin(_ length: Int) {
        self.count += 1
        self.gathering.append(UInt8(ascii: "$"))
        self.gathering.append(decimal: length)
        self.end()
    }

    private mutating func end() {
        self.gathering.append(UInt8(ascii: "\r"))
        self.gathering.append(UInt8(ascii: "\n"))
    }

    /// Adds the command's bytes to what is to be sent.
    func write(to queue: inout WriteQueue) {
        queue.add { bytes in
            bytes.append(UInt8(ascii: "*"))
            bytes.append(decimal: self.count)
            bytes.append(UInt8(ascii: "\r"))
            bytes.append(UInt8(ascii: "\n"))
        }
        for segment in self.segments { queue.add(segment) }
        queue.add(self.gathering[...])
    }
}

extension [UInt8] {
    /// Appends a number's digits.
    fileprivate mutating func append(decimal number: Int) {
        if number < 10 { return self.append(UInt8(ascii: "0") + UInt8(number)) }
        self.append(contentsOf: String(number).utf8)
    }
}
