import SandboxPolicy

/// The profiles of a configuration: the built-in ones, and those of its `[sandbox]` sections, each complete.
struct SandboxProfiles {
    private(set) var byName: [String: SandboxProfile]
    private let sections: [NamedLayer]

    init(_ sections: [NamedLayer], _ problems: inout Problems) {
        self.byName = Dictionary(uniqueKeysWithValues: SandboxProfile.builtIn.map { ($0.name, $0) })
        self.sections = sections
        for section in sections { self.check(section, &problems) }
        for section in sections { _ = self.resolve(section, through: [], &problems) }
    }

    /// What the sections say.
    var layers: [String: Layer] { Dictionary(self.sections.map { ($0.name, $0.layer) }) { $1 } }

    /// Names, for hints.
    var names: [String] { self.byName.keys.sorted() }

    private mutating func check(_ section: NamedLayer, _ problems: inout Problems) {
        guard SandboxProfile.named(section.name) != nil else { return }
        problems.add(
            .conflict, "the profile '\(section.name)' is built in; give yours another name", at: section.source)
    }

    /// The profile of a section, after the one that it extends.
    private mutating func resolve(
        _ section: NamedLayer, through path: [String], _ problems: inout Problems
    ) -> SandboxProfile? {
        if let known = self.byName[section.name] { return known }
        let base = section.layer.text(.extends) ?? SandboxProfile.standard.name
        let source = section.layer[.extends]?.source ?? section.source
        guard !path.contains(base), base != section.name else {
            problems.add(.conflict, "the profile '\(section.name)' extends itself", at: source)
            return nil
        }
        var found = self.byName[base]
        if found == nil, let other = self.sections.first(where: { $0.name == base }) {
            found = self.resolve(other, through: path + [section.name], &problems)
            if found == nil { return nil }
        }
        guard let found else {
            let names = self.names + self.sections.map(\.name)
            problems.add(.unknownProfile, "unknown profile '\(base)'" + suggestion(for: base, among: names), at: source)
            return nil
        }
        self.checkUse(section, of: found, &problems)
        let profile = found.changed(by: section.layer, name: section.name)
        self.byName[section.name] = profile
        return profile
    }

    /// A key that changes nothing is a mistake.
    private func checkUse(_ section: NamedLayer, of base: SandboxProfile, _ problems: inout Problems) {
        guard base.files == .all else { return }
        for key in [SettingKey.read, .write] {
            guard let setting = section.layer[key] else { continue }
            problems.add(
                .uselessKey, "'\(key.name)' is useless: the profile '\(base.name)' sees all files; extend 'worker'",
                at: setting.source)
        }
    }
}
