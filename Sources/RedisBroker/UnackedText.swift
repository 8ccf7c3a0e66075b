import JSON

/// An entry of the hash of unacknowledged messages that a take of ours wrote, `[message, "", "queue"]`, taken apart
/// without reading the message, which may be anything.
enum UnackedText {
    static func split(_ entry: ArraySlice<UInt8>) -> (message: ArraySlice<UInt8>, queue: String)? {
        guard entry.first == UInt8(ascii: "["), entry.last == UInt8(ascii: "]"),
            let mark = entry.dropLast().lastIndex(of: UInt8(ascii: ","))
        else { return nil }
        // From the end: `, "queue"]`, before it `, ""`. A queue's name may hold a comma, so each is tried.
        var comma = mark
        while true {
            if let queue = Self.text(entry[(comma + 1)..<(entry.endIndex - 1)]) {
                let head = entry[..<comma]
                let end = Array(", \"\"".utf8)
                guard head.count > end.count, head.suffix(end.count).elementsEqual(end) else { return nil }
                return (head.dropFirst().dropLast(end.count), queue)
            }
            guard let earlier = entry[..<comma].lastIndex(of: UInt8(ascii: ",")) else { return nil }
            comma = earlier
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        let trimmed = bytes.drop { $0 == UInt8(ascii: " ") }
        return (try? JSONSlice(validating: trimmed))?.text?.string
    }
}

/// A text as a JSON string in ASCII.
func jsonString(_ text: String) -> [UInt8] { JSONValue.string(text).serialized() }
