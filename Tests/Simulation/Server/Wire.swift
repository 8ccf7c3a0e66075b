import Redis

/// Commands from the bytes of a connection.
enum RequestReader {
    /// Takes the first whole command, if there is one.
    static func take(_ bytes: inout [UInt8]) -> [[UInt8]]? {
        guard !bytes.isEmpty else { return nil }
        var words: [[UInt8]] = []
        var offset = 0
        guard let count = self.number(after: UInt8(ascii: "*"), bytes, &offset) else { return nil }
        words.reserveCapacity(count)
        for _ in 0..<count {
            guard let length = self.number(after: UInt8(ascii: "$"), bytes, &offset), bytes.count >= offset + length + 2
            else { return nil }
            words.append(Array(bytes[offset..<offset + length]))
            offset += length + 2
        }
        bytes.removeFirst(offset)
        return words
    }

    private static func number(after mark: UInt8, _ bytes: [UInt8], _ offset: inout Int) -> Int? {
        guard offset < bytes.count else { return nil }
        precondition(bytes[offset] == mark, "Workers write commands as arrays of texts.")
        var number = 0
        var index = offset + 1
        while index < bytes.count, bytes[index] != 13 {
            number = number * 10 + Int(bytes[index] - UInt8(ascii: "0"))
            index += 1
        }
        guard index + 1 < bytes.count else { return nil }
        offset = index + 2
        return number
    }
}

/// Answers as bytes.
enum ReplyWriter {
    static func bytes(_ reply: Reply) -> [UInt8] {
        var bytes: [UInt8] = []
        self.write(reply, &bytes)
        return bytes
    }

    private static func write(_ reply: Reply, _ bytes: inout [UInt8]) {
        switch reply {
        case .status(let text): bytes += "+\(text)\r\n".utf8
        case .error(let error): bytes += "-\(error.text)\r\n".utf8
        case .integer(let number): bytes += ":\(number)\r\n".utf8
        case .null: bytes += "$-1\r\n".utf8
        case .bytes(let text):
            bytes += "$\(text.count)\r\n".utf8
            bytes += text
            bytes += "\r\n".utf8
        case .array(let elements):
            bytes += "*\(elements.count)\r\n".utf8
            for element in elements { self.write(element, &bytes) }
        }
    }
}

/// Commands and answers for people.
enum Describe {
    static func command(_ words: [[UInt8]]) -> String { words.prefix(24).map { self.text($0) }.joined(separator: " ") }

    static func reply(_ reply: Reply?) -> String {
        switch reply {
        case nil: "nothing"
        case .status(let text)?: text
        case .error(let error)?: "error: \(error.text)"
        case .integer(let number)?: "\(number)"
        case .bytes(let bytes)?: self.text(bytes)
        case .array(let elements)?: "[" + elements.prefix(12).map { self.reply($0) }.joined(separator: ", ") + "]"
        case .null?: "null"
        }
    }

    /// Messages by their id.
    static func text(_ bytes: [UInt8]) -> String {
        if bytes.count > 200, let copy = MessageCopy(bytes) { return "<\(copy.id)#\(copy.retries)>" }
        let text = String(decoding: bytes.prefix(60), as: UTF8.self).replacing("\n", with: " ")
        return bytes.count > 60 ? "\(text)…(\(bytes.count))" : text
    }
}
