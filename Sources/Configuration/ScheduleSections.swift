import Schedules
import Supervision

/// The entries of the schedule: those of the program, and over them the `[schedule]` sections of the file.
struct ScheduleSections {
    /// Complete entries, in the order of their names.
    let entries: [ScheduleSettings]
    /// What is set for each, for explanations.
    let layers: [String: Layer]

    init(code: [NamedLayer], file: [NamedLayer], _ problems: inout Problems) {
        var layers: [String: Layer] = [:]
        var entries: [ScheduleSettings] = []
        let names = Set((code + file).map(\.name))
        for name in names.sorted() {
            let sections = (code + file).filter { $0.name == name }
            let own = sections.reduce(Layer()) { $0.withTiming(of: $1.layer).overlaid(by: $1.layer) }
            let written = sections.reduce(Set<String>()) { $0.union($1.written) }
            Self.checkPresence(written, sections[sections.count - 1], &problems)
            Self.check(own, &problems)
            layers[name] = own
            let complete = Layer.scheduleDefaults.overlaid(by: own)
            if let entry = ScheduleSettings(name: name, complete) { entries.append(entry) }
        }
        self.layers = layers
        self.entries = entries
    }

    private static func checkPresence(
        _ written: Set<String>, _ section: NamedLayer, _ problems: inout Problems
    ) {
        if !written.contains(SettingKey.task.name) {
            problems.add(.missingKey, "'\(section.name)' has no 'task'", at: section.source)
        }
        if written.isDisjoint(with: [SettingKey.every.name, SettingKey.cron.name]) {
            problems.add(.missingKey, "'\(section.name)' has neither 'every' nor 'cron'", at: section.source)
        }
    }

    private static func check(_ layer: Layer, _ problems: inout Problems) {
        switch (layer[.every], layer[.cron]) {
        case (.some(let every), .some):
            problems.add(.conflict, "'every' and 'cron' exclude each other", at: every.source)
        case (.some(let every), nil): self.checkInterval(every, layer, &problems)
        case (nil, _): break
        }
        if let setting = layer[.overlapTimeout], layer.text(.overlap) != OverlapPolicy.skip.rawValue {
            problems.add(.uselessKey, "'overlap_timeout' is useless without overlap = \"skip\"", at: setting.source)
        }
    }

    private static func checkInterval(_ every: Setting, _ layer: Layer, _ problems: inout Problems) {
        let nanoseconds = layer.duration(.every)?.wholeNanoseconds ?? 0
        if nanoseconds < UInt64(Schedule.shortestInterval) * 1_000_000 || nanoseconds % 1_000_000 != 0 {
            problems.add(
                .invalidValue, "'every' must be whole milliseconds, at least \"\(Schedule.shortestInterval)ms\"",
                at: every.source)
        }
        if let zone = layer[.timezone] {
            problems.add(.uselessKey, "'timezone' is useless without 'cron'", at: zone.source)
        }
    }
}

extension Layer {
    /// What holds for an entry of the schedule when nobody sets anything.
    static let scheduleDefaults = Layer.defaults(of: SettingKey.scheduleKeys.filter { $0.defaultText != nil })

    /// This layer without its timing, if the other one has one of its own.
    fileprivate func withTiming(of other: Layer) -> Layer {
        guard other[.every] ?? other[.cron] != nil else { return self }
        var layer = self
        for key in [SettingKey.every, .cron, .timezone] { layer[key] = nil }
        return layer
    }
}
