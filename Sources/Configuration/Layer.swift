import Schedules
import Supervision

/// A value and where it comes from.
struct Setting: Equatable, Sendable {
    let value: SettingValue
    let source: SettingSource
}

/// Values for some of the keys, all from one place or, once laid over each other, the effective ones.
struct Layer: Equatable, Sendable {
    private var settings: [String: Setting] = [:]
    /// Whether its number of children is that of the processors.
    var followsProcessors = false

    subscript(key: SettingKey) -> Setting? {
        get { self.settings[key.name] }
        set { self.settings[key.name] = newValue }
    }

    /// This layer with another one on top of it.
    func overlaid(by other: Layer) -> Layer {
        var result = self
        result.settings.merge(other.settings) { _, upper in upper }
        return result
    }

    /// What holds when nobody sets anything.
    static let defaults = Layer.defaults(of: SettingKey.all.filter { !$0.home.isNamed })

    /// The defaults of these keys. Each has one: all of `[worker]`, `[limits]` and `[retry]` do.
    static func defaults(of keys: [SettingKey]) -> Layer {
        var layer = Layer()
        var problems = Problems()
        for key in keys {
            guard let text = key.defaultText, let value = key.read(text, from: .builtIn, &problems) else {
                preconditionFailure("The key '\(key.name)' has a default that its own type reads.")
            }
            layer[key] = Setting(value: value, source: .builtIn)
        }
        return layer
    }
}

extension Layer {
    func count(_ key: SettingKey) -> Int? {
        if case .count(let value) = self[key]?.value { value } else { nil }
    }

    func duration(_ key: SettingKey) -> Duration? {
        if case .duration(let value) = self[key]?.value { value } else { nil }
    }

    func size(_ key: SettingKey) -> ByteCount? {
        if case .size(let value) = self[key]?.value { value } else { nil }
    }

    func boolean(_ key: SettingKey) -> Bool? {
        if case .boolean(let value) = self[key]?.value { value } else { nil }
    }

    func text(_ key: SettingKey) -> String? {
        if case .text(let value) = self[key]?.value { value } else { nil }
    }

    func url(_ key: SettingKey) -> String? {
        if case .url(let value) = self[key]?.value { value } else { nil }
    }

    func rate(_ key: SettingKey) -> Rate? {
        if case .rate(let value) = self[key]?.value { value } else { nil }
    }

    func template(_ key: SettingKey) -> CommandTemplate? {
        if case .argument(let value) = self[key]?.value { value } else { nil }
    }

    /// JSON text.
    func json(_ key: SettingKey) -> String? {
        if case .json(let value) = self[key]?.value { value } else { nil }
    }

    func crontab(_ key: SettingKey) -> Crontab? {
        if case .crontab(let value) = self[key]?.value { value } else { nil }
    }

    func names(_ key: SettingKey) -> [String]? {
        if case .names(let value) = self[key]?.value { value } else { nil }
    }
}
