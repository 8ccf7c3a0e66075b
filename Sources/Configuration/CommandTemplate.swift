/// One argument of a command, with places to fill from a message: `--user={kwargs.name}`.
///
/// `{{` and `}}` stand for literal braces.
public struct CommandTemplate: Equatable, Sendable {
    /// What a place in a template is filled with.
    public enum Placeholder: Hashable, Sendable, CustomStringConvertible {
        /// `{args[0]}`: one positional argument.
        case argument(Int)
        /// `{kwargs.name}`: one keyword argument.
        case keyword(String)
        /// `{args}`: all positional arguments, as JSON.
        case arguments
        /// `{kwargs}`: all keyword arguments, as JSON.
        case keywords
        /// `{id}`: the task's id.
        case id

        /// The placeholder as a template writes it between its braces.
        public var description: String {
            switch self {
            case .argument(let index): "args[\(index)]"
            case .keyword(let name): "kwargs.\(name)"
            case .arguments: "args"
            case .keywords: "kwargs"
            case .id: "id"
            }
        }
    }

    /// A message lacks what a placeholder asks for.
    public struct MissingArgument: Error, Equatable, CustomStringConvertible {
        /// What the message lacks.
        public let placeholder: Placeholder

        /// One sentence for the task's outcome.
        public var description: String { "the command needs \(self.placeholder), which the message does not have" }
    }

    /// Why a text is not a template.
    struct SyntaxError: Error, Equatable {
        let message: String
    }

    private enum Part: Equatable {
        case text(String)
        case placeholder(Placeholder)
    }

    private let source: String
    private let parts: [Part]

    /// Whether nothing in the template depends on the message.
    var isFixed: Bool {
        self.parts.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// The argument for one message.
    ///
    /// `value` returns what to put in place of a placeholder, or `nil` when the message does not have it.
    /// It is put in as it is and never read as a template or by a shell.
    public func rendered(
        _ value: (Placeholder) -> String?
    ) throws(MissingArgument) -> String {
        var result = ""
        for part in self.parts {
            switch part {
            case .text(let text): result += text
            case .placeholder(let placeholder):
                guard let value = value(placeholder) else { throw MissingArgument(placeholder: placeholder) }
                result += value
            }
        }
        return result
    }
}

extension CommandTemplate: CustomStringConvertible {
    /// The template as the configuration writes it.
    public var description: String { self.source }
}

extension CommandTemplate {
    init(_ source: String) throws(SyntaxError) {
        var parts: [Part] = []
        var literal = ""
        var rest = source[...]
        while let character = rest.popFirst() {
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.append(rest.removeFirst())
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    throw SyntaxError(message: "'{' has no '}'; a literal brace is written '{{'")
                }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(.placeholder(try Placeholder(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            case "}":
                throw SyntaxError(message: "'}' has no '{'; a literal brace is written '}}'")
            default:
                literal.append(character)
            }
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
        self.source = source
        self.parts = parts
    }
}

extension CommandTemplate.Placeholder {
    init(_ text: Substring) throws(CommandTemplate.SyntaxError) {
        switch text {
        case "id": self = .id
        case "args": self = .arguments
        case "kwargs": self = .keywords
        default:
            if text.hasPrefix("args["), text.hasSuffix("]"), let index = Self.index(text.dropFirst(5).dropLast()) {
                self = .argument(index)
            } else if text.hasPrefix("kwargs."), Self.isKeyword(text.dropFirst(7)) {
                self = .keyword(String(text.dropFirst(7)))
            } else {
                throw CommandTemplate.SyntaxError(
                    message:
                        "unknown placeholder '{\(text)}'; there are {args[0]}, {kwargs.name}, {args}, {kwargs} and {id}"
                )
            }
        }
    }

    private static func index(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ? Int(text) : nil
    }

    private static func isKeyword(_ text: Substring) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    }
}
