import JSON

/// Lets `scan` read a document, and a masked copy of the same indices when Python's `NaN` or `Infinity` is in it.
func scanning<Result>(
    _ bytes: ArraySlice<UInt8>,
    _ scan: (ArraySlice<UInt8>) throws(JSONError) -> Result
) throws(JSONError) -> Result {
    do {
        return try scan(bytes)
    } catch {
        guard error.code == .notFinite else { throw error }
        return try scan(bytes.maskingNotFinite())
    }
}

extension ArraySlice<UInt8> {
    /// A copy of the same length in which Python's words for floats that are not finite are numbers.
    ///
    /// Lets the scanner, which rightly refuses these words, find where the values of a document lie.
    fileprivate func maskingNotFinite() -> ArraySlice<UInt8> {
        var masked = self
        var index = masked.startIndex
        var isInString = false
        while index < masked.endIndex {
            switch masked[index] {
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "\\") where isInString: index += 1
            case UInt8(ascii: "N") where !isInString: masked.replace("NaN", with: "0e0", at: index)
            case UInt8(ascii: "I") where !isInString: masked.replace("Infinity", with: "1e999999", at: index)
            default: break
            }
            index += 1
        }
        return masked
    }

    private mutating func replace(_ word: StaticString, with other: StaticString, at index: Index) {
        let end = index + word.utf8CodeUnitCount
        let bytes = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        // Beside other bytes it is part of something that must stay an error.
        let before = index > self.startIndex ? self[index - 1] : UInt8(ascii: " ")
        let isNegative = before == UInt8(ascii: "-") && bytes.first == UInt8(ascii: "I")
        guard end <= self.endIndex, self[index..<end].elementsEqual(bytes),
            isNegative || "[,: \t\r\n".utf8.contains(before),
            end == self.endIndex || ",]} \t\r\n".utf8.contains(self[end])
        else { return }
        for offset in 0..<bytes.count { self[index + offset] = other.utf8Start[offset] }
    }
}
