/// The two keys of an object that stands for a Python type.
private let typeKey = "__type__"
private let valueKey = "__value__"

extension CeleryValue {
    /// An object as it was written, or the Python value that it stands for.
    ///
    /// Throws ``BodyError`` when it announces a type and holds no value of it, as kombu does. Each of the two keys may
    /// come more than once, as in Python.
    init(untagging object: CeleryObject) throws(BodyError) {
        guard let type = object[typeKey], let value = object[valueKey],
            object.members.allSatisfy({ $0.key == typeKey || $0.key == valueKey })
        else {
            self = .object(object)
            return
        }
        guard let special = Self.special(type: type, value: value) else {
            let name = type.asString.map { "\"\($0.prefix(40))\"" } ?? "that is no text"
            throw BodyError(.invalidSpecial, "The body holds a value of the type \(name) that cannot be read.")
        }
        self = special
    }

    private static func special(type: CeleryValue, value: CeleryValue) -> CeleryValue? {
        guard let type = type.asString else { return nil }
        switch type {
        case "bytes": return value.asString.map { .bytes(Array($0.utf8)) }
        case "base64": return value.asString.flatMap { Base64.decode(Array($0.utf8)[...]) }.map(CeleryValue.bytes)
        default:
            guard let kind = SpecialValue.Kind(rawValue: type) else { return nil }
            let text = kind == .uuid ? value["hex"]?.asString : value.asString
            return text.flatMap { SpecialValue(kind, $0) }.map(CeleryValue.special)
        }
    }
}

extension SpecialValue {
    /// Appends the object that stands for the value.
    func write(into buffer: inout [UInt8]) {
        writeTagged(self.kind.rawValue, into: &buffer) { buffer in
            guard self.kind == .uuid else { return PythonJSON.write(self.text, into: &buffer) }
            PythonJSON.append(#"{"hex": "#, into: &buffer)
            PythonJSON.write(self.text, into: &buffer)
            buffer.append(UInt8(ascii: "}"))
        }
    }
}

/// Appends the object that stands for bytes: as text when they are UTF-8, else as base64.
func writeTagged(_ bytes: [UInt8], into buffer: inout [UInt8]) {
    if let text = String(validating: bytes, as: UTF8.self) {
        writeTagged("bytes", into: &buffer) { PythonJSON.write(text, into: &$0) }
    } else {
        let text = String(decoding: Base64.encode(bytes[...]), as: UTF8.self)
        writeTagged("base64", into: &buffer) { PythonJSON.write(text, into: &$0) }
    }
}

private func writeTagged(_ type: String, into buffer: inout [UInt8], value: (inout [UInt8]) -> Void) {
    PythonJSON.append(#"{"__type__": "#, into: &buffer)
    PythonJSON.write(type, into: &buffer)
    PythonJSON.append(#", "__value__": "#, into: &buffer)
    value(&buffer)
    buffer.append(UInt8(ascii: "}"))
}
