/// A JSON value as Python's `repr` shows what it stands for, cut: `{"a": null}` is `{'a': None}`.
///
/// Nothing is built: what events show of a result costs a look at its first bytes. Takes JSON that is valid.
public func pythonView(ofJSON json: ArraySlice<UInt8>, atMost length: Int = 1_024) -> [UInt8] {
    var view = PythonView(rest: json)
    while !view.rest.isEmpty {
        guard view.shown.count < length else {
            view.shown.append(contentsOf: "...".utf8)
            break
        }
        view.showNext()
    }
    return view.shown
}

private struct PythonView {
    var rest: ArraySlice<UInt8>
    var shown: [UInt8] = []
    private var isInText = false

    init(rest: ArraySlice<UInt8>) { self.rest = rest }

    mutating func showNext() {
        let byte = self.rest.removeFirst()
        if self.isInText { return self.showInText(byte) }
        switch byte {
        case UInt8(ascii: "\""):
            self.isInText = true
            self.shown.append(UInt8(ascii: "'"))
        case UInt8(ascii: "t"): self.showWord("True", insteadOf: 4)
        case UInt8(ascii: "f"): self.showWord("False", insteadOf: 5)
        case UInt8(ascii: "n"): self.showWord("None", insteadOf: 4)
        case UInt8(ascii: "N"): self.showWord("nan", insteadOf: 3)
        case UInt8(ascii: "I"): self.showWord("inf", insteadOf: 8)
        case UInt8(ascii: ","), UInt8(ascii: ":"):
            self.shown.append(byte)
            self.shown.append(UInt8(ascii: " "))
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): break
        default: self.shown.append(byte)
        }
    }

    private mutating func showWord(_ word: StaticString, insteadOf length: Int) {
        self.rest = self.rest.dropFirst(length - 1)
        self.shown.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    private mutating func showInText(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            self.isInText = false
            self.shown.append(UInt8(ascii: "'"))
        case UInt8(ascii: "'"): self.shown.append(contentsOf: "\\'".utf8)
        case UInt8(ascii: "\\"): self.showEscape()
        default: self.shown.append(byte)
        }
    }

    /// Python escapes line ends and backslashes as JSON does, and shows characters as they are.
    private mutating func showEscape() {
        guard let kind = self.rest.popFirst() else { return }
        switch kind {
        case UInt8(ascii: "u"): self.showCharacter()
        case UInt8(ascii: "\""), UInt8(ascii: "/"): self.shown.append(kind)
        case UInt8(ascii: "b"): self.shown.append(contentsOf: "\\x08".utf8)
        case UInt8(ascii: "f"): self.shown.append(contentsOf: "\\x0c".utf8)
        default: self.shown.append(contentsOf: [UInt8(ascii: "\\"), kind])
        }
    }

    private mutating func showCharacter() {
        var units = [self.nextUnit()]
        if units[0] & 0xFC00 == 0xD800, self.rest.starts(with: "\\u".utf8) {
            self.rest = self.rest.dropFirst(2)
            units.append(self.nextUnit())
        }
        self.shown.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
    }

    private mutating func nextUnit() -> UInt16 {
        let digits = String(decoding: self.rest.prefix(4), as: UTF8.self)
        self.rest = self.rest.dropFirst(4)
        return digits.utf8.count == 4 ? UInt16(digits, radix: 16) ?? 0xFFFD : 0xFFFD
    }
}
