import Schedules
import Supervision

extension SettingKey {
    /// Reads the value that `node` holds for this key; notes what is wrong with it and returns `nil` otherwise.
    func read(_ node: Node, _ problems: inout Problems) -> SettingValue? {
        guard let value = self.parse(node, &problems) else { return nil }
        if let objection = self.objection(to: value) {
            problems.add(.invalidValue, "'\(self.name)' \(objection)", at: node.source)
            return nil
        }
        return value
    }

    /// Reads a value from the environment or the command line, where every value is text.
    func read(_ text: String, from source: SettingSource, _ problems: inout Problems) -> SettingValue? {
        let value: Node.Value? =
            switch self.kind {
            case .count, .percentage, .priority: Int(text).map { .integer($0) }
            case .boolean: Bool(text).map { .boolean($0) }
            // Their defaults.
            case .values: .array([])
            case .namedValues: .table([])
            case .names: .array(text.split(separator: ",").map { Node(value: .string(String($0)), source: source) })
            default: nil
            }
        return self.read(Node(value: value ?? .string(text), source: source), &problems)
    }

    /// Why a value of the right type cannot be used; `nil` when it can.
    func objection(to value: SettingValue) -> String? {
        switch (self.kind, value) {
        case (.count(let least), .count(let count)) where count < least: "must be at least \(least), not \(count)"
        case (.duration(.forbidden), .duration(let duration)) where duration <= .zero: "must be more than \"0s\""
        case (.duration(.allowed), .duration(let duration)) where duration < .zero: "must not be negative"
        case (.percentage, .count(let count)) where !(0...100).contains(count): "must be from 0 to 100, not \(count)"
        case (.priority, .count(let count)) where !(0...9).contains(count): "must be from 0 to 9, not \(count)"
        case (.zone, .text(let name)) where !ZoneRules.isName(name):
            "must be a time zone, such as \"Europe/Berlin\", not \(quoted(name))"
        case (.size, .size(let size)) where size.bytes <= 0: "must be more than \"0B\""
        case (.absolutePath, .text(let path)) where !path.hasPrefix("/"):
            "must be an absolute path, not \(quoted(path))"
        case (.text, .text(let text)) where text.isEmpty: "must not be empty"
        case (.names, .names(let names)) where names.isEmpty || names.contains(""): "must name at least one"
        case (.names, .names(let names)) where Set(names).count < names.count: "names one twice"
        case (_, .names(let names)): self.objection(toNames: names)
        case (.url, .url(let url)) where !url.contains("://"): "must be a URL, such as \"redis://127.0.0.1:6379/0\""
        default: nil
        }
    }

    private func parse(_ node: Node, _ problems: inout Problems) -> SettingValue? {
        switch (self.kind, node.value) {
        case (_, .string("none")) where self.word == .unlimited: return .unlimited
        case (_, .string("auto")) where self.word == .auto: return .auto
        case (.count, .integer(let number)), (.percentage, .integer(let number)): return .count(number)
        case (.boolean, .boolean(let value)): return .boolean(value)
        case (.poolName, .string(let text)), (.profileName, .string(let text)), (.absolutePath, .string(let text)):
            return .text(text)
        case (.text, .string(let text)): return .text(text)
        case (.url, .string(let text)): return .url(text)
        case (.rate, .string(let text)): return self.parseRate(text, at: node.source, &problems)
        case (.argument, .string): return self.parseArgument(node, &problems)
        case (.names, .array(let elements)): return self.parseNames(elements, &problems)
        case (.capabilities, .array(let elements)), (.variables, .array(let elements)), (.paths, .array(let elements)),
            (.network, .array(let elements)), (.calls, .array(let elements)), (.steps, .array(let elements)):
            return self.parseNames(elements, &problems)
        case (.network, .string(let text)):
            return self.parseChoice(text, of: ["on", "off"], at: node.source, &problems)
        case (.duration, .string(let text)), (.size, .string(let text)):
            return self.parseAmount(text, at: node.source, &problems)
        case (.choice(let choices), .string(let text)):
            return self.parseChoice(text, of: choices, at: node.source, &problems)
        case (.command, .array(let elements)):
            return self.parseCommand(elements, at: node.source, &problems)
        case (.environment, .table(let entries)): return self.parseEnvironment(entries, &problems)
        case (_, _): return self.parseScheduleValue(node, &problems)
        }
    }

    /// `'hard_time' must be a duration with a unit, such as "30s", not the integer 30`.
    func complaint(about node: Node) -> String {
        var expected =
            switch self.kind {
            case .count(let least): "an integer ≥ \(least)"
            case .percentage: "an integer from 0 to 100"
            case .duration: "a duration with a unit, such as \"30s\""
            case .size: "a size with a unit, such as \"512MiB\""
            case .boolean: "true or false"
            case .choice: "one of \(self.typeDescription)"
            case .poolName: "the name of a pool"
            case .profileName: "the name of a sandbox profile"
            case .capabilities: "an array of capabilities, such as [\"net_bind_service\"]"
            case .variables: "an array of variables, such as [\"PATH\", \"LC_*\"]"
            case .paths: "an array of absolute paths, such as [\"/srv/models\"]"
            case .network: "\"on\", \"off\" or an array of ports, such as [\"connect 443\", \"bind 8080\"]"
            case .calls: "an array of system calls, such as [\"mlock\", \"@process\"]"
            case .steps: "an array of steps, such as [\"namespaces\"]"
            case .absolutePath: "an absolute path"
            case .command: "an array of strings, such as [\"convert\", \"{args[0]}\"]"
            case .environment: "a table of strings, such as { LANG = \"C\" }"
            case .url: "a URL, such as \"redis://127.0.0.1:6379/0\""
            case .text: "a text"
            case .names: "an array of strings, such as [\"celery\"]"
            case .rate: "a rate with a unit, such as \"100/s\", \"10/m\" or \"1/h\""
            case .values: "an array, such as [2, \"x\"]"
            case .namedValues: "a table, such as { x = 2 }"
            case .crontab: "a crontab, such as \"0 4 * * mon\" or { hour = 4, day_of_week = \"mon\" }"
            case .zone: "a time zone, such as \"Europe/Berlin\""
            case .priority: "an integer from 0 to 9"
            case .argument: "an argument, such as \"{args[0]}\" or \"{kwargs.user}\""
            }
        if let word = self.word { expected += ", or \"\(word.rawValue)\"" }
        return "'\(self.name)' must be \(expected), not \(node.typeDescription)"
    }

    private func parseAmount(_ text: String, at source: SettingSource, _ problems: inout Problems) -> SettingValue? {
        do throws(UnitError) {
            if case .size = self.kind { return .size(try ByteCount(parsing: text)) }
            return .duration(try Duration(parsing: text))
        } catch {
            let alternative = self.word.map { ", or \"\($0.rawValue)\"" } ?? ""
            problems.add(.invalidValue, "'\(self.name)': \(error)\(alternative)", at: source)
            return nil
        }
    }

    private func parseChoice(
        _ text: String,
        of choices: [String],
        at source: SettingSource,
        _ problems: inout Problems
    ) -> SettingValue? {
        if choices.contains(text) { return .text(text) }
        let hint = suggestion(for: text, among: choices, quote: "\"")
        problems.add(
            .invalidValue,
            "'\(self.name)' must be one of \(self.typeDescription), not \(quoted(text))\(hint)",
            at: source
        )
        return nil
    }

    private func parseCommand(
        _ elements: [Node],
        at source: SettingSource,
        _ problems: inout Problems
    ) -> SettingValue? {
        let templates = elements.map { self.parseTemplate($0, &problems) }
        let complete = templates.compactMap(\.self)
        guard complete.count == elements.count else { return nil }
        guard let program = complete.first, !program.description.isEmpty else {
            problems.add(.invalidValue, "'command' must name a program", at: source)
            return nil
        }
        guard program.isFixed else {
            problems.add(
                .invalidValue,
                "the program of 'command' must be fixed text: no message may choose it",
                at: elements[0].source
            )
            return nil
        }
        return .command(complete)
    }

    private func parseRate(_ text: String, at source: SettingSource, _ problems: inout Problems) -> SettingValue? {
        if let rate = Rate(text) { return .rate(rate) }
        let alternative = self.word.map { ", or \"\($0.rawValue)\"" } ?? ""
        problems.add(
            .invalidValue,
            "'\(self.name)' must be a rate, such as \"100/s\", \"10/m\" or \"1/h\"\(alternative), not \(quoted(text))",
            at: source
        )
        return nil
    }

    private func parseArgument(_ node: Node, _ problems: inout Problems) -> SettingValue? {
        guard let template = self.parseTemplate(node, &problems) else { return nil }
        if !template.isFixed { return .argument(template) }
        problems.add(
            .invalidValue,
            "'\(self.name)' must name an argument, such as \"{args[0]}\" or \"{kwargs.user}\"",
            at: node.source
        )
        return nil
    }

    private func parseNames(_ elements: [Node], _ problems: inout Problems) -> SettingValue? {
        var names: [String] = []
        for element in elements {
            guard case .string(let name) = element.value else {
                let type = element.typeDescription
                problems.add(.wrongType, "'\(self.name)' must have strings only, not \(type)", at: element.source)
                return nil
            }
            names.append(name)
        }
        return .names(names)
    }

    private func parseTemplate(_ node: Node, _ problems: inout Problems) -> CommandTemplate? {
        guard case .string(let text) = node.value else {
            problems.add(
                .wrongType, "'\(self.name)' must have strings only, not \(node.typeDescription)", at: node.source)
            return nil
        }
        do throws(CommandTemplate.SyntaxError) {
            return try CommandTemplate(text)
        } catch {
            problems.add(.invalidValue, "'\(self.name)': \(error.message)", at: node.source)
            return nil
        }
    }

    private func parseEnvironment(_ entries: [Node.Entry], _ problems: inout Problems) -> SettingValue? {
        var variables: [String: String] = [:]
        for entry in entries {
            guard case .string(let value) = entry.node.value else {
                let type = entry.node.typeDescription
                problems.add(
                    .wrongType,
                    "'environment' must have strings only; '\(entry.key)' is \(type)",
                    at: entry.node.source
                )
                continue
            }
            if entry.key.isEmpty || entry.key.contains("=") {
                problems.add(.invalidValue, "'\(entry.key)' cannot name an environment variable", at: entry.keySource)
            }
            variables[entry.key] = value
        }
        return variables.count == entries.count ? .environment(variables) : nil
    }
}
