import ArgumentParser
import CeleriacClient
import Celery
import JSON
import RemoteControl
import Supervision
import Syscalls

/// `celeriac inspect`
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Asks workers what they do, Celery's among them.",
        discussion: ControlHelp.text(.inspection))

    @Argument(help: "What to ask.") var method: String
    @Argument(help: "Its arguments, in their order or as name=value.") var words: [String] = []
    @OptionGroup(title: "Whom to ask") var question: QuestionFlags

    func run() throws { try self.question.run(.inspection, self.method, self.words) }
}

/// `celeriac control`
struct ControlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control", abstract: "Tells workers what to do, Celery's among them.",
        discussion: ControlHelp.text(.control))

    @Argument(help: "What to do.") var method: String
    @Argument(help: "Its arguments, in their order or as name=value.") var words: [String] = []
    @OptionGroup(title: "Whom to tell") var question: QuestionFlags

    func run() throws { try self.question.run(.control, self.method, self.words) }
}

/// What the help of such a command says.
private enum ControlHelp {
    static func text(_ kind: ControlMethod.Kind) -> String {
        let rows = ControlMethod.all.filter { $0.kind == kind }.map { method in
            ([method.name] + method.usage.map { $0.hasSuffix("?") ? "[\($0.dropLast())]" : $0 }, method.meaning)
        }
        let lines = rows.map { "  \($0.0.joined(separator: " "))\n      \($0.1)" }
        return lines.joined(separator: "\n") + "\n\n\(ClientStatus.help), 1 a worker refused, 4 nobody answered."
    }
}

/// Whom to ask, and how the answers are shown. The letters are those of Celery.
struct QuestionFlags: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "Only these workers, with commas between the names. Default: all that are there.")
    var destination: String?
    @Option(name: .shortAndLong, help: "How long to wait for answers, such as 500ms; a number is seconds. Default: 1s.")
    var timeout: String?
    @Option(help: "Only workers whose names fit this shell pattern.") var pattern: String?
    @Flag(name: .shortAndLong, help: "Print JSON: an object of workers and their answers.") var json = false
    @Option(help: "Ask the worker of this machine that listens at this path; no broker is needed.") var socket: String?
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func run(_ kind: ControlMethod.Kind, _ name: String, _ words: [String]) throws {
        let request: ControlRequest
        do throws(ControlError) {
            let method = try Self.method(name, kind)
            let arguments = try method.arguments(words)
            try method.check(arguments)
            request = ControlRequest(method.name, arguments)
        } catch {
            throw UsageError(description: error.text)
        }
        try self.show(try self.ask(request))
    }

    private static func method(_ name: String, _ kind: ControlMethod.Kind) throws(ControlError) -> ControlMethod {
        let methods = ControlMethod.all.filter { $0.kind == kind }
        if let method = methods.first(where: { $0.name == ControlMethod.aliases[name] ?? name }) { return method }
        let near = nearestMatch(to: name, in: methods.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
        throw ControlError("there is no command '\(name)'\(near)")
    }

    /// Asks, and ends the command when nobody answers.
    func ask(_ request: ControlRequest) throws -> [ControlReply] {
        var replies: [ControlReply] = []
        do {
            replies = try self.replies(request)
        } catch let error as UsageError {
            throw error
        } catch {
            try reportingErrors { throw error }
        }
        // A worker that shuts down says nothing.
        if replies.isEmpty, request.method != "shutdown" {
            printError("no worker answered within \(try self.wait.unitDescription)")
            throw ExitCode(ClientStatus.timedOut.rawValue)
        }
        return replies
    }

    /// Asks. Prints nothing: throws ``LocalQuestion/NobodyListens``, or what the client throws.
    ///
    /// - Parameter node: Asks this worker only, whatever the flags say.
    func replies(_ request: ControlRequest, of node: String? = nil) throws -> [ControlReply] {
        var request = request
        request.destination = node.map { [$0] } ?? self.destination?.split(separator: ",").map(String.init) ?? []
        if node == nil { (request.pattern, request.matcher) = (self.pattern, self.pattern.map { _ in "glob" }) }
        let timeout = try self.wait
        let replies =
            try self.socket.map { try LocalQuestion.ask(request, at: $0, timeout: timeout) }
            ?? self.askBroker(request, timeout)
        return replies.sorted { $0.node < $1.node }
    }

    private var wait: Duration {
        get throws {
            guard let timeout else { return .seconds(1) }
            if let seconds = Double(timeout), seconds > 0, seconds < 1e6 { return .milliseconds(Int64(seconds * 1e3)) }
            return try OptionParsing.duration(timeout, "timeout") ?? .seconds(1)
        }
    }

    private func askBroker(_ request: ControlRequest, _ timeout: Duration) throws -> [ControlReply] {
        let client = try self.servers.client(try self.servers.settings())
        return try waiting { try await client.ask(request, timeout: timeout) }
    }

    // MARK: Answers

    private func show(_ replies: [ControlReply]) throws {
        if self.json {
            print(Self.json(replies))
        } else {
            for reply in replies {
                print("\(terminalText(reply.node)):\n\(AnswerText.lines(reply.value).joined(separator: "\n"))")
            }
        }
        if replies.contains(where: { $0.value["error"] != nil }) { throw ExitCode(ClientStatus.failed.rawValue) }
    }

    static func json(_ replies: [ControlReply]) -> String {
        let answers = CeleryObject(replies.map { CeleryObject.Member(key: $0.node, value: $0.value) })
        return String(decoding: (try? CeleryValue.object(answers).json()) ?? [], as: UTF8.self)
    }
}

/// An answer for people.
enum AnswerText {
    /// Its lines, indented.
    static func lines(_ value: CeleryValue, depth: Int = 1) -> [String] {
        let margin = String(repeating: "  ", count: depth)
        switch value {
        case .object(let object) where object.members.isEmpty: return ["\(margin)nothing"]
        case .array(let elements) where elements.isEmpty: return ["\(margin)nothing"]
        case .object(let object):
            return object.members.flatMap { member in
                self.isShort(member.value)
                    ? ["\(margin)\(terminalText(member.key)): \(self.short(member.value))"]
                    : ["\(margin)\(terminalText(member.key)):"] + self.lines(member.value, depth: depth + 1)
            }
        case .array(let elements):
            return elements.flatMap { element in
                guard !self.isShort(element) else { return ["\(margin)- \(self.short(element))"] }
                var lines = self.lines(element, depth: depth + 1)
                lines[0] = "\(margin)- \(lines[0].dropFirst(margin.count + 2))"
                return lines
            }
        case .string(let text):
            return text.split(separator: "\n").map { margin + terminalText(String($0)) }
        default: return [margin + self.short(value)]
        }
    }

    private static func isShort(_ value: CeleryValue) -> Bool {
        switch value {
        case .object(let object): object.members.isEmpty
        case .array(let elements): elements.allSatisfy { $0.asObject == nil && $0.asArray == nil }
        case .string(let text): !text.contains("\n")
        default: true
        }
    }

    private static func short(_ value: CeleryValue) -> String {
        if let text = value.asString { return terminalText(text) }
        return String(decoding: (try? value.json()) ?? [], as: UTF8.self)
    }
}
