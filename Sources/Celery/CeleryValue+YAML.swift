import JSON
import Yams

extension CeleryValue {
    /// Reads a YAML document as PyYAML's safe loader does. Python's own tags are refused.
    ///
    /// Throws ``BodyError``. Anchors and aliases count as often as they are used; the reader is recursive, so this is
    /// for a child, where a hostile nesting costs one attempt.
    public init(yaml bytes: ArraySlice<UInt8>, limits: BodyLimits = BodyLimits()) throws(BodyError) {
        // Yams takes the mark of the byte order for text when it is told the encoding.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard let text = String(validating: bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0), as: UTF8.self) else {
            throw BodyError(.malformed, "The body is not UTF-8.")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text, YAMLScalar.resolver)
        } catch {
            throw BodyError(.malformed, "The body is not YAML: \("\(error)".prefix(200)).")
        }
        var reader = YAMLReader(limits: limits)
        self = try node.map { node throws(BodyError) in try reader.value(node, depth: 0) } ?? .null
    }

    /// The YAML that says the value, in a form that JSON's readers nearly take as well. Throws ``BodyError`` for
    /// extension types.
    public func yaml() throws(BodyError) -> [UInt8] {
        var text = ""
        try self.writeYAML(into: &text)
        text += "\n"
        return Array(text.utf8)
    }

    private func writeYAML(into text: inout String) throws(BodyError) {
        switch self {
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .number(let number): text += yamlNumber(number)
        case .notFinite(let word): text += word.yamlName
        case .string(let string): writeYAMLString(string, into: &text)
        case .bytes(let bytes):
            text += "!!binary \"\(String(decoding: Base64.encode(bytes[...]), as: UTF8.self))\""
        case .special(let special): writeYAMLString(special.text, into: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                try element.writeYAML(into: &text)
            }
            text += "]"
        case .object(let object):
            text += "{"
            for (index, member) in object.members.enumerated() {
                if index > 0 { text += ", " }
                writeYAMLString(member.key, into: &text)
                text += ": "
                try member.value.writeYAML(into: &text)
            }
            text += "}"
        case .extended(let code, _):
            throw BodyError(.notEncodable, "YAML has no form for the MessagePack extension type \(code).")
        }
    }
}

/// PyYAML takes a number with an exponent for a text unless it has a point as well.
private func yamlNumber(_ number: JSONNumber) -> String {
    let text = number.description
    guard let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }) else { return text }
    let digits = text[..<mark]
    let exponent = text[text.index(after: mark)...]
    let sign = exponent.first == "-" || exponent.first == "+" ? "" : "+"
    return "\(digits)\(digits.contains(".") ? "" : ".0")e\(sign)\(exponent)"
}

private func writeYAMLString(_ string: String, into text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
        switch scalar {
        case "\"", "\\": text += "\\\(scalar)"
        case " "..."~": text.unicodeScalars.append(scalar)
        default: text += yamlEscape(scalar.value)
        }
    }
    text += "\""
}

private func yamlEscape(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    let (letter, width) = value <= 0xFF ? ("x", 2) : value <= 0xFFFF ? ("u", 4) : ("U", 8)
    return "\\\(letter)\(String(repeating: "0", count: width - digits.count))\(digits)"
}

extension CeleryValue.NotFinite {
    fileprivate var yamlName: String {
        switch self {
        case .nan: ".nan"
        case .infinity: ".inf"
        case .negativeInfinity: "-.inf"
        }
    }
}

/// From nodes to values, within limits.
private struct YAMLReader {
    let limits: BodyLimits
    private var values = 0

    init(limits: BodyLimits) { self.limits = limits }

    mutating func value(_ node: Node, depth: Int) throws(BodyError) -> CeleryValue {
        self.values += 1
        guard self.values <= self.limits.maxValues else {
            throw BodyError(.tooManyValues, "The body has more than \(self.limits.maxValues) values.")
        }
        guard depth <= self.limits.maxDepth else {
            throw BodyError(.tooDeep, "The body's nesting is deeper than \(self.limits.maxDepth).")
        }
        switch node {
        case .scalar(let scalar): return try self.scalar(node, scalar)
        case .sequence(let sequence): return try self.array(sequence, depth: depth)
        case .mapping(let mapping): return try self.object(mapping, depth: depth)
        case .alias: throw BodyError(.malformed, "The body has an alias without an anchor.")
        }
    }

    private mutating func array(_ sequence: Node.Sequence, depth: Int) throws(BodyError) -> CeleryValue {
        try self.check(sequence.tag, is: .seq)
        var elements: [CeleryValue] = []
        for element in sequence { elements.append(try self.value(element, depth: depth + 1)) }
        return .array(elements)
    }

    private mutating func object(_ mapping: Node.Mapping, depth: Int) throws(BodyError) -> CeleryValue {
        try self.check(mapping.tag, is: .map)
        var object = CeleryObject()
        for (key, value) in mapping {
            guard case .scalar(let name) = key else {
                throw BodyError(.malformed, "The body has an object whose key is no text.")
            }
            // It counts as it is written, but must be of a type that is read, which a merge key is not.
            _ = try self.scalar(key, name)
            object.append(name.string, try self.value(value, depth: depth + 1))
        }
        return .object(object)
    }

    private func check(_ tag: Tag, is name: Tag.Name) throws(BodyError) {
        guard tag.rawValue == name.rawValue || tag.rawValue.isEmpty else { throw self.refused(tag) }
    }

    private func refused(_ tag: Tag) -> BodyError {
        BodyError(
            .malformed, "The body has a value of the YAML type \"\(tag.rawValue.prefix(80))\", which is not read.")
    }

    private func scalar(_ node: Node, _ scalar: Node.Scalar) throws(BodyError) -> CeleryValue {
        guard scalar.string.utf8.count <= self.limits.decompression.maxOutput else {
            throw BodyError(.tooLarge, "The body has a text of \(scalar.string.utf8.count) bytes.")
        }
        let tag = node.tag
        switch Tag.Name(rawValue: tag.rawValue) {
        case .str: return .string(scalar.string)
        case .null: return .null
        case .bool: if let bool = node.bool { return .bool(bool) }
        case .int: if let number = YAMLScalar.integer(scalar.string) { return .number(number) }
        case .float: if let number = YAMLScalar.float(scalar.string) { return CeleryValue(number) }
        case .binary:
            if let bytes = Base64.decode(scalar.string.utf8.filter { $0 > 0x20 }[...]) { return .bytes(bytes) }
        case .timestamp: return Self.time(scalar.string)
        default: throw self.refused(tag)
        }
        throw BodyError(.malformed, "The body has a value that is not of its YAML type \(tag.rawValue.prefix(80)).")
    }

    /// A date, or a date and a time in Python's form; what is neither stays text.
    private static func time(_ text: String) -> CeleryValue {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" || $0 == "t" })
        if parts.count == 1 { return SpecialValue(.date, text).map { .special($0) } ?? .string(text) }
        let joined = parts[0] + "T" + parts.dropFirst().joined()
        return SpecialValue(.datetime, String(joined)).map { .special($0) } ?? .string(text)
    }
}
