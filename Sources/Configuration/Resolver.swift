import Supervision

/// Lays the inputs over each other for every pool and task, and checks what comes out.
struct Resolver {
    private(set) var problems: Problems

    private let base: Layer
    private var pools: [NamedLayer]  // the first is "default"
    private let profiles: SandboxProfiles
    private let schedule: ScheduleSections
    private var derivedPools: Set<String> = []
    private let code: [NamedLayer]
    private let patterns: [(glob: Glob, section: NamedLayer)]  // from least to most specific
    private let exactSections: [NamedLayer]
    private var reportedPairs: Set<[SettingSource]> = []

    init(_ inputs: Inputs, processors: Int) {
        var problems = inputs.problems
        let base = inputs.base.resolvingAuto(processors)
        self.base = base
        self.pools = Resolver.pools(base, inputs.pools, processors: processors)
        self.code = inputs.code
        self.patterns = Resolver.patterns(inputs.taskSections, &problems)
        self.exactSections = inputs.taskSections.filter { !Glob.isPattern($0.name) }
        self.profiles = SandboxProfiles(inputs.sandboxSections, &problems)
        self.schedule = ScheduleSections(code: inputs.codeSchedules, file: inputs.scheduleSections, &problems)
        self.problems = problems
    }

    /// The effective settings; to be used only when no problem is an error.
    mutating func settings() -> Settings {
        self.checkOrder(in: self.base)
        self.checkSigning(in: self.base)
        self.checkQueues()
        self.checkSections()
        self.checkSizes()
        self.checkProfiles()
        let commands = self.exactSections.filter { $0.layer[.command] != nil }.map(\.name)
        var tasks: [String: Layer] = [:]
        for name in self.code.map(\.name) + commands where tasks[name] == nil {
            let layer = self.effectiveLayer(ofTask: name)
            self.checkOrder(in: layer)
            self.checkSigning(in: layer)
            tasks[name] = self.placed(layer, own: self.ownLayer(ofTask: name))
        }
        self.warnAboutUnusedPools()
        self.warnAboutUnusedSections(tasks: tasks.keys.sorted())
        return Settings(
            base: self.base, pools: self.pools, taskLayers: tasks, profiles: self.profiles,
            schedule: self.schedule, warnings: self.problems.warnings)
    }

    private static func pools(_ base: Layer, _ sections: [NamedLayer], processors: Int) -> [NamedLayer] {
        var inherited = base
        // Another pool has one child unless it says otherwise: [worker] concurrency is the default pool's.
        inherited[.concurrency] = Setting(value: .count(1), source: .builtIn)
        inherited[.maxConcurrency] = Setting(value: .unlimited, source: .builtIn)
        let others = sections.filter { $0.name != "default" }.map { section in
            let layer = inherited.overlaid(by: section.layer).resolvingAuto(processors)
            return NamedLayer(name: section.name, source: section.source, layer: layer)
        }
        return [NamedLayer(name: "default", source: .builtIn, layer: base)] + others
    }

    /// The sections with patterns, from least to most specific; of two alike, the later one in the file is stronger.
    private static func patterns(
        _ sections: [NamedLayer],
        _ problems: inout Problems
    ) -> [(glob: Glob, section: NamedLayer)] {
        var patterns: [(glob: Glob, section: NamedLayer)] = []
        for section in sections where Glob.isPattern(section.name) {
            guard let glob = Glob(section.name) else {
                problems.add(
                    .invalidValue,
                    "a pattern can have \(Glob.maximumLength) characters",
                    at: section.source
                )
                continue
            }
            let index = patterns.firstIndex { $0.glob.literalCount > glob.literalCount } ?? patterns.endIndex
            patterns.insert((glob, section), at: index)
        }
        return patterns
    }

    private func effectiveLayer(ofTask name: String) -> Layer { self.base.overlaid(by: self.ownLayer(ofTask: name)) }

    /// What is set for the task itself.
    private func ownLayer(ofTask name: String) -> Layer {
        var layers = self.code.filter { $0.name == name }.map(\.layer)
        layers += self.patterns.filter { $0.glob.matches(name.unicodeScalars) }.map(\.section.layer)
        layers += self.exactSections.filter { $0.name == name }.map(\.layer)
        return layers.reduce(Layer()) { $0.overlaid(by: $1) }
    }
}

// MARK: - Sandboxes

extension Resolver {
    /// A task runs only in children of its own profile: where its pool has another, it goes to a pool like that one,
    /// which is made for it and called `pool@profile`.
    private mutating func placed(_ layer: Layer, own: Layer) -> Layer {
        var layer = layer
        let index = self.pools.firstIndex { $0.name == layer.text(.pool) } ?? 0
        let pool = self.pools[index]
        guard let wanted = own[.sandbox], wanted.value != pool.layer[.sandbox]?.value else {
            layer[.sandbox] = pool.layer[.sandbox]
            return layer
        }
        guard let profile = own.text(.sandbox) else { return layer }
        let name = "\(pool.name)@\(profile)"
        if !self.pools.contains(where: { $0.name == name }) {
            var other = pool.layer
            other[.sandbox] = wanted
            self.pools.append(NamedLayer(name: name, source: pool.source, layer: other))
            self.derivedPools.insert(name)
        }
        layer[.pool] = Setting(value: .text(name), source: wanted.source)
        return layer
    }

    private mutating func checkProfiles() {
        for section in self.pools + self.sections {
            guard let setting = section.layer[.sandbox], case .text(let name) = setting.value,
                self.profiles.byName[name] == nil
            else { continue }
            let hint = suggestion(for: name, among: self.profiles.names)
            self.problems.add(.unknownProfile, "unknown sandbox profile '\(name)'" + hint, at: setting.source)
        }
    }
}

// MARK: - Checks

extension Resolver {
    private var sections: [NamedLayer] { self.code + self.patterns.map(\.section) + self.exactSections }

    /// Notes a problem about one place once, however many tasks it concerns.
    mutating func report(_ code: ConfigurationError.Code, _ message: String, at source: SettingSource) {
        guard self.reportedPairs.insert([source]).inserted else { return }
        self.problems.add(code, message, at: source)
    }

    private mutating func checkQueues() {
        guard let setting = self.base[.queues], self.base.text(.queueOrder) == QueueOrder.weighted.rawValue else {
            return
        }
        let queues = (self.base.names(.queues) ?? []).map { ($0, WeightedQueue(weighted: $0)) }
        for (text, queue) in queues where queue == nil {
            self.problems.add(
                .invalidValue,
                "'queues' are weighted: \(quoted(text)) must be a name with a weight from 1 to 1000, such as \"critical=6\"",
                at: setting.source
            )
        }
        let names = queues.compactMap { $0.1?.name }
        if Set(names).count < names.count {
            self.problems.add(.invalidValue, "'queues' names one twice", at: setting.source)
        }
    }

    private mutating func checkSections() {
        for section in self.sections {
            self.checkOrder(in: section.layer)
            self.checkPool(of: section)
        }
        for section in self.exactSections where self.code.contains(where: { $0.name == section.name }) {
            guard let command = section.layer[.command] else { continue }
            self.problems.add(
                .conflict,
                "the program registers '\(section.name)' in code; it cannot be a command too",
                at: command.source
            )
        }
    }

    private mutating func checkSizes() {
        for pool in self.pools where !self.derivedPools.contains(pool.name) {
            guard let fewest = pool.layer.count(.concurrency), let most = pool.layer.count(.maxConcurrency),
                most < fewest, let setting = pool.layer[.maxConcurrency]
            else { continue }
            let text = "max_concurrency (\(most)) must not be less than concurrency (\(fewest))"
            self.problems.add(.conflict, text, at: setting.source)
        }
    }

    private mutating func checkPool(of section: NamedLayer) {
        guard let pool = section.layer[.pool], case .text(let name) = pool.value else { return }
        let names = self.pools.map(\.name)
        guard !names.contains(name) else { return }
        self.problems.add(.unknownPool, "unknown pool '\(name)'" + suggestion(for: name, among: names), at: pool.source)
    }

    private mutating func checkOrder(in layer: Layer) {
        self.check(layer, .softTime, isLessThan: .hardTime)
        self.check(layer, .softCPUTime, isLessThan: .hardCPUTime)
        self.check(layer, .backoff, isLessThan: .maxBackoff, orEqual: true)
    }

    /// Checks two durations when both are set. Each pair of places is reported once, however many tasks it concerns.
    private mutating func check(
        _ layer: Layer,
        _ lesser: SettingKey,
        isLessThan greater: SettingKey,
        orEqual: Bool = false
    ) {
        guard let low = layer.duration(lesser), let high = layer.duration(greater) else { return }
        guard orEqual ? low > high : low >= high else { return }
        guard let lowSetting = layer[lesser], let highSetting = layer[greater] else { return }
        guard self.reportedPairs.insert([lowSetting.source, highSetting.source]).inserted else { return }
        let relation = orEqual ? "must not be more than" : "must be less than"
        self.problems.add(
            .conflict,
            "\(lesser.name) (\(lowSetting.value)) \(relation) \(greater.name) (\(highSetting.value), \(highSetting.source))",
            at: lowSetting.source
        )
    }

    private mutating func warnAboutUnusedPools() {
        let used = Set(self.sections.compactMap { $0.layer.text(.pool) })
        for pool in self.pools.dropFirst() where !used.contains(pool.name) && !self.derivedPools.contains(pool.name) {
            self.problems.warn("no task uses the pool '\(pool.name)'", at: pool.source)
        }
    }

    private mutating func warnAboutUnusedSections(tasks: [String]) {
        for (glob, section) in self.patterns where !tasks.contains(where: { glob.matches($0.unicodeScalars) }) {
            self.problems.warn("no task matches '\(section.name)'", at: section.source)
        }
        for section in self.exactSections where !tasks.contains(section.name) {
            self.problems.warn(
                "there is no task '\(section.name)'" + suggestion(for: section.name, among: tasks),
                at: section.source
            )
        }
    }
}

extension Layer {
    fileprivate func resolvingAuto(_ processors: Int) -> Layer {
        var result = self
        result.followsProcessors = self[.concurrency]?.value == .auto
        guard let concurrency = self[.concurrency], result.followsProcessors else { return result }
        result[.concurrency] = Setting(value: .count(max(1, processors)), source: concurrency.source)
        return result
    }
}
