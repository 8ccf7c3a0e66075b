import JSON
import Prefork
import Wire

/// Decodes the arguments of one call, parameter by parameter.
struct ArgumentDecoder {
    private var positional: [JSONSlice] = []
    private var keywords: [(name: JSONText, value: JSONSlice)] = []
    private let parameters: [Parameter]
    private let count: Int
    private let keywordBytes: Bytes
    private let call: TaskCall
    private var index = 0

    /// Reads the arguments of a call of a task whose body takes these types, a ``TaskContext`` perhaps among them.
    init<each Argument>(_ call: TaskCall, _ parameters: [Parameter], types: repeat (each Argument).Type) throws {
        var count = 0
        for type in repeat each types { count += type == TaskContext.self ? 0 : 1 }
        try self.init(call, parameters, count: count)
    }

    private init(_ call: TaskCall, _ parameters: [Parameter], count: Int) throws {
        precondition(
            parameters.isEmpty || parameters.count == count, "A task lists the names of all its parameters or of none.")
        self.call = call
        self.parameters = parameters
        self.count = count
        let (positional, keywords) = try Self.parts(of: call.body)
        self.keywordBytes = keywords.bytes
        try self.readPositional(positional)
        if self.takesKeywordsWhole { return }
        try self.readKeywords(keywords)
    }

    private static func parts(of body: Bytes) throws -> (JSONSlice, JSONSlice) {
        do {
            var scanner = JSONScanner(body)
            try scanner.enterArray()
            guard let positional = try scanner.nextElement(), let keywords = try scanner.nextElement(),
                positional.kind == .array, keywords.kind == .object
            else { throw Self.failure("the body is not [args, kwargs]") }
            return (positional, keywords)
        } catch let error as JSONError {
            throw Self.failure("the body is not JSON: \(error)")
        }
    }

    private mutating func readPositional(_ slice: JSONSlice) throws {
        var scanner = JSONScanner(slice.bytes)
        try scanner.enterArray()
        while let element = try scanner.nextElement() { self.positional.append(element) }
        guard self.positional.count <= self.count else {
            let parameters = self.count == 1 ? "1 argument" : "\(self.count) arguments"
            throw Self.failure("the task takes \(parameters), \(self.positional.count) were given")
        }
    }

    /// Whether the keyword arguments are one value for the only parameter.
    private var takesKeywordsWhole: Bool { self.count == 1 && self.parameters.isEmpty && self.positional.isEmpty }

    private mutating func readKeywords(_ slice: JSONSlice) throws {
        var scanner = JSONScanner(slice.bytes)
        try scanner.enterObject()
        while let member = try scanner.nextMember() { self.keywords.append((member.key, member.value)) }
        for (name, _) in self.keywords {
            guard let place = self.parameters.firstIndex(where: { $0.name == name.string }) else {
                throw Self.failure("unexpected keyword argument '\(name.string)'\(self.hint)")
            }
            guard place >= self.positional.count else {
                throw Self.failure("argument '\(name.string)' is given twice, by place and by name")
            }
        }
    }

    private var hint: String {
        if self.parameters.isEmpty { return "; the task does not name its parameters" }
        return "; the task takes \(self.parameters.map(\.name).joined(separator: ", "))"
    }

    /// Decodes the next argument, or makes the context.
    mutating func next<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == TaskContext.self { return TaskContext(self.call) as! Value }
        defer { self.index += 1 }
        if self.takesKeywordsWhole { return try self.decode(type, self.keywordBytes) }
        if self.index < self.positional.count { return try self.decode(type, self.positional[self.index].bytes) }
        guard self.index < self.parameters.count else { return try self.absent(type) }
        let parameter = self.parameters[self.index]
        if let keyword = self.keywords.last(where: { $0.name.string == parameter.name }) {
            return try self.decode(type, keyword.value.bytes)
        }
        guard let value = parameter.defaultValue else { return try self.absent(type) }
        return try self.decode(type, value.serialized()[...])
    }

    /// An argument that was not given: `nil` where that is a value.
    private func absent<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let optional = type as? any ExpressibleByNilLiteral.Type, let value = optional.init(nilLiteral: ()) as? Value
        {
            return value
        }
        throw Self.failure("argument \(self.label) is missing")
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ bytes: Bytes) throws -> Value {
        do {
            return try JSONCoder.decode(type, from: bytes)
        } catch let error as DecodingError {
            throw Self.failure("argument \(self.label): \(Self.describe(error))")
        }
    }

    private var label: String {
        self.index < self.parameters.count ? "'\(self.parameters[self.index].name)'" : "\(self.index + 1)"
    }

    private static func describe(_ error: DecodingError) -> String {
        let (text, path) =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context.debugDescription, context.codingPath)
            case .keyNotFound(let key, let context): ("'\(key.stringValue)' is missing", context.codingPath)
            @unknown default: ("\(error)", [])
            }
        if path.isEmpty { return text }
        return path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined() + ": " + text
    }

    private static func failure(_ message: String) -> NamedFailure {
        NamedFailure(type: "ArgumentError", message: message)
    }
}

let noResult = Array("null".utf8)

func encodeResult(_ value: some Encodable) throws -> [UInt8] {
    var bytes: [UInt8] = []
    do {
        try JSONCoder.encode(value, into: &bytes)
    } catch {
        throw NamedFailure(type: "EncodeError", message: "the result cannot be encoded: \(error)")
    }
    return bytes
}
