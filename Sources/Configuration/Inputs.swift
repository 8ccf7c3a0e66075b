/// A `[pools]` or `[tasks]` section, or what code says about a task.
struct NamedLayer {
    let name: String
    let source: SettingSource
    let layer: Layer
    /// The keys that are written there, also those whose value is wrong.
    var written: Set<String> = []
}

/// Reads each place that settings come from, and keeps what it says.
struct Inputs {
    private(set) var base = Layer.defaults
    private(set) var pools: [NamedLayer] = []
    private(set) var taskSections: [NamedLayer] = []
    private(set) var sandboxSections: [NamedLayer] = []
    private(set) var code: [NamedLayer] = []
    private(set) var scheduleSections: [NamedLayer] = []
    private(set) var codeSchedules: [NamedLayer] = []
    private(set) var problems = Problems()

    mutating func readFile(named name: String, _ text: String) {
        do throws(ConfigurationError) {
            for entry in try Document(name: name, text: text).entries { self.readSection(entry) }
        } catch {
            self.problems.add(error.code, error.message, at: error.source)
        }
    }

    mutating func readEnvironment(_ environment: [String: String]) {
        let keys = Dictionary(
            uniqueKeysWithValues: SettingKey.all.compactMap { key in key.environmentVariable.map { ($0, key) } }
        )
        // Celery's own names first, so that ours are stronger.
        for (variable, key) in [("CELERY_BROKER_URL", SettingKey.broker), ("CELERY_RESULT_BACKEND", .resultBackend)] {
            guard let text = environment[variable] else { continue }
            self.readText(text, for: key, from: .environment(variable: variable))
        }
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where Inputs.isSetting(variable) {
            let source = SettingSource.environment(variable: variable)
            if let key = keys[variable] {
                self.readText(text, for: key, from: source)
                continue
            }
            let hint = suggestion(for: variable, among: keys.keys.sorted(), quote: "")
            // Other parts of the program have variables of their own: only what looks like a setting is a mistake.
            guard !hint.isEmpty || Inputs.namesSection(variable) else { continue }
            self.problems.add(.unknownKey, "unknown setting\(hint)", at: source)
        }
    }

    mutating func readFlags(_ flags: [String: String]) {
        let keys = Dictionary(uniqueKeysWithValues: SettingKey.all.compactMap { key in key.flag.map { ($0, key) } })
        for (flag, text) in flags.sorted(by: { $0.key < $1.key }) {
            if let key = keys[flag] {
                self.readText(text, for: key, from: .flag(flag))
            } else {
                let hint = suggestion(for: "--" + flag, among: keys.keys.sorted().map { "--" + $0 }, quote: "")
                self.problems.add(.unknownKey, "unknown flag\(hint)", at: .flag(flag))
            }
        }
    }

    mutating func readCode(_ tasks: [String: TaskOptions]) {
        for (task, options) in tasks.sorted(by: { $0.key < $1.key }) {
            let source = SettingSource.code(task: task)
            var layer = Layer()
            for (key, value) in options.values {
                layer[key] = Setting(value: value, source: source)
                guard let objection = key.objection(to: value) else { continue }
                self.problems.add(.invalidValue, "'\(key.name)' \(objection)", at: source)
            }
            self.code.append(NamedLayer(name: task, source: source, layer: layer))
        }
    }

    mutating func readCode(_ schedules: [CodeSchedule]) {
        for schedule in schedules {
            let layer = schedule.layer(&self.problems)
            let source = SettingSource.codeSchedule(schedule.name)
            self.codeSchedules.append(
                NamedLayer(name: schedule.name, source: source, layer: layer, written: schedule.written))
        }
    }

    private mutating func readText(_ text: String, for key: SettingKey, from source: SettingSource) {
        guard let value = key.read(text, from: source, &self.problems) else { return }
        self.base[key] = Setting(value: value, source: source)
    }

    private static func isSetting(_ variable: String) -> Bool {
        variable.hasPrefix("CELERIAC_") && variable != "CELERIAC_CONFIG" && !variable.hasPrefix("CELERIAC_INTERNAL_")
    }

    private static func namesSection(_ variable: String) -> Bool {
        SettingKey.Section.allCases.contains { variable.hasPrefix("CELERIAC_\($0.rawValue.uppercased())_") }
    }
}

// MARK: - The file

extension Inputs {
    private mutating func readSection(_ entry: Node.Entry) {
        guard let section = SettingKey.Section(rawValue: entry.key) else {
            self.problems.add(.unknownSection, Inputs.complaint(aboutSection: entry), at: entry.keySource)
            return
        }
        guard let entries = self.table(entry, title: "[\(entry.key)]") else { return }
        switch section {
        case .worker, .limits, .retry:
            self.base = self.base.overlaid(by: self.layer(entries, of: section, title: "[\(entry.key)]"))
        case .pools: for entry in entries { self.readPool(entry) }
        case .tasks: for entry in entries { self.readTask(entry) }
        case .sandbox: for entry in entries { self.readSandbox(entry) }
        case .schedule: for entry in entries { self.readSchedule(entry) }
        }
    }

    private mutating func readPool(_ entry: Node.Entry) {
        let title = "[pools.\(keyText(entry.key))]"
        guard let entries = self.table(entry, title: title) else { return }
        if entry.key.isEmpty { self.problems.add(.invalidValue, "a pool must have a name", at: entry.keySource) }
        if entry.key == "default" {
            self.problems.add(
                .conflict,
                "the pool 'default' is described by [worker] and [limits]",
                at: entry.keySource
            )
        }
        let layer = self.layer(entries, of: .pools, title: title)
        self.pools.append(NamedLayer(name: entry.key, source: entry.keySource, layer: layer))
    }

    private mutating func readSandbox(_ entry: Node.Entry) {
        let title = "[sandbox.\(keyText(entry.key))]"
        guard let entries = self.table(entry, title: title) else { return }
        if entry.key.isEmpty { self.problems.add(.invalidValue, "a profile must have a name", at: entry.keySource) }
        let layer = self.layer(entries, of: .sandbox, title: title)
        self.sandboxSections.append(NamedLayer(name: entry.key, source: entry.keySource, layer: layer))
    }

    private mutating func readSchedule(_ entry: Node.Entry) {
        let title = "[schedule.\(keyText(entry.key))]"
        guard let entries = self.table(entry, title: title) else { return }
        if entry.key.isEmpty { self.problems.add(.invalidValue, "an entry must have a name", at: entry.keySource) }
        let layer = self.layer(entries, of: .schedule, title: title)
        self.scheduleSections.append(
            NamedLayer(
                name: entry.key, source: entry.keySource, layer: layer, written: Set(entries.map(\.key))))
    }

    private mutating func readTask(_ entry: Node.Entry) {
        let title = "[tasks.\(keyText(entry.key))]"
        guard let entries = self.table(entry, title: title) else { return }
        if entry.key.isEmpty { self.problems.add(.invalidValue, "a task must have a name", at: entry.keySource) }
        self.checkCommandKeys(entries, of: entry.key)
        let layer = self.layer(entries, of: .tasks, title: title)
        self.taskSections.append(NamedLayer(name: entry.key, source: entry.keySource, layer: layer))
    }

    private mutating func checkCommandKeys(_ entries: [Node.Entry], of task: String) {
        if let command = entries.first(where: { $0.key == SettingKey.command.name }) {
            guard Glob.isPattern(task) else { return }
            self.problems.add(
                .conflict,
                "only an exact name can have a 'command'; '\(task)' is a pattern",
                at: command.keySource
            )
        } else {
            let needCommand = [SettingKey.stdin, .environment, .workingDirectory].map(\.name)
            for entry in entries where needCommand.contains(entry.key) {
                self.problems.add(.uselessKey, "'\(entry.key)' is useless without 'command'", at: entry.keySource)
            }
        }
    }

    private mutating func table(_ entry: Node.Entry, title: String) -> [Node.Entry]? {
        if case .table(let entries) = entry.node.value { return entries }
        self.problems.add(
            .wrongType,
            "\(title) must be a table, not \(entry.node.typeDescription)",
            at: entry.node.source
        )
        return nil
    }

    private mutating func layer(
        _ entries: [Node.Entry],
        of section: SettingKey.Section,
        title: String
    ) -> Layer {
        var layer = Layer()
        for entry in entries {
            guard let key = SettingKey.all.first(where: { $0.name == entry.key && $0.sections.contains(section) })
            else {
                let complaint = Inputs.complaint(about: entry.key, in: section, title: title)
                self.problems.add(.unknownKey, complaint, at: entry.keySource)
                continue
            }
            guard let value = key.read(entry.node, &self.problems) else { continue }
            layer[key] = Setting(value: value, source: entry.node.source)
        }
        return layer
    }

    private static func complaint(about name: String, in section: SettingKey.Section, title: String) -> String {
        if let key = SettingKey.all.first(where: { $0.name == name }) {
            return "'\(name)' does not belong in \(title); it belongs in \(key.sectionNames)"
        }
        let names = SettingKey.all.filter { $0.sections.contains(section) }.map(\.name)
        return "unknown key '\(name)' in \(title)" + suggestion(for: name, among: names)
    }

    private static func complaint(aboutSection entry: Node.Entry) -> String {
        if case .table = entry.node.value {
            let names = SettingKey.Section.allCases.map { "[\($0.rawValue)]" }
            let title = "[\(keyText(entry.key))]"
            return "unknown section \(title)" + suggestion(for: title, among: names, quote: "")
        }
        if let key = SettingKey.all.first(where: { $0.name == entry.key }) {
            return "'\(entry.key)' stands outside of any section; it belongs in \(key.sectionNames)"
        }
        return "unknown key '\(entry.key)' outside of any section"
    }
}

extension SettingKey {
    /// `[limits] or [tasks]`.
    fileprivate var sectionNames: String { self.sections.map { "[\($0.rawValue)]" }.joined(separator: " or ") }
}
