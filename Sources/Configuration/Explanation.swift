import Supervision

/// One effective value and where it comes from.
public struct ExplainedSetting: Equatable, Sendable {
    /// The section as the file would write it: `[limits]`, `[tasks."video.*"]`.
    public let section: String
    /// The key's name.
    public let key: String
    /// The value as the file would write it.
    public let value: String
    /// Where the value comes from.
    public let source: SettingSource
    /// What the setting does, in one sentence.
    public let meaning: String
}

/// The whole configuration, explained.
public struct Explanation: Equatable, Sendable {
    /// Every value of `[worker]`, `[limits]` and `[retry]`; for each other pool its values; for each task,
    /// each sandbox profile and each entry of the schedule what is its own.
    public let settings: [ExplainedSetting]
    /// What the values mean together, a sentence each.
    public let remarks: [String]

    /// The explanation for people, in the form of a configuration file.
    public var text: String {
        var lines: [String] = []
        var section: String?
        for setting in self.settings {
            if setting.section != section {
                if section != nil { lines.append("") }
                lines.append(setting.section)
                section = setting.section
            }
            lines.append("\(setting.key) = \(setting.value)  # \(setting.source)")
            lines.append("    # \(setting.meaning)")
        }
        if !self.remarks.isEmpty { lines.append("") }
        lines += self.remarks.map { "# \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Settings {
    /// Explains every effective value.
    ///
    /// - Parameter availableMemory: What the container or the machine has, to compare the memory limits with.
    public func explanation(availableMemory: ByteCount? = nil) -> Explanation {
        var settings = [SettingKey.Section.worker, .limits, .retry].flatMap { section in
            Settings.explain(self.base, SettingKey.all.filter { $0.home == section }, "[\(section.rawValue)]")
        }
        let poolKeys = SettingKey.all.filter { $0.sections.contains(.pools) }
        for (pool, layer) in zip(self.pools, self.poolLayers).dropFirst() {
            settings += Settings.explain(layer, poolKeys, "[pools.\(keyText(pool.name))]")
        }
        let taskKeys = SettingKey.all.filter { $0.sections.contains(.tasks) }
        for (name, layer) in self.taskLayers.sorted(by: { $0.key < $1.key }) {
            let own = taskKeys.filter { layer[$0] != self.base[$0] }
            settings += Settings.explain(layer, own, "[tasks.\(keyText(name))]")
        }
        let profileKeys = SettingKey.all.filter { $0.home == .sandbox }
        for (name, layer) in self.sandboxLayers.sorted(by: { $0.key < $1.key }) {
            settings += Settings.explain(layer, profileKeys, "[sandbox.\(keyText(name))]")
        }
        for (name, layer) in self.scheduleLayers.sorted(by: { $0.key < $1.key }) {
            settings += Settings.explain(layer, SettingKey.scheduleKeys, "[schedule.\(keyText(name))]")
        }
        return Explanation(settings: settings, remarks: self.remarks(availableMemory))
    }

    private static func explain(_ layer: Layer, _ keys: [SettingKey], _ section: String) -> [ExplainedSetting] {
        keys.compactMap { key in
            layer[key].map { setting in
                ExplainedSetting(
                    section: section,
                    key: key.name,
                    value: setting.value.description,
                    source: setting.source,
                    meaning: key.meaning
                )
            }
        }
    }
}

// MARK: - Remarks

extension Settings {
    private func remarks(_ availableMemory: ByteCount?) -> [String] {
        self.memoryRemarks(availableMemory) + self.shutdownRemarks()
    }

    private func memoryRemarks(_ available: ByteCount?) -> [String] {
        var remarks: [String] = []
        var total = ByteCount(bytes: 0)
        for index in self.pools.indices {
            let pool = self.pools[index]
            let children = pool.policy.concurrency == 1 ? "1 child" : "\(pool.policy.concurrency) children"
            let prefix = "pool \(pool.name): \(children)"
            guard let limit = self.largestMemoryLimit(inPool: index) else {
                remarks.append("\(prefix) without a memory limit")
                continue
            }
            let sum = limit.multiplied(by: pool.policy.concurrency)
            total = total.adding(sum)
            remarks.append("\(prefix) × \(limit) = \(sum)\(Settings.comparison(sum, available))")
        }
        if self.pools.count > 1, total.bytes > 0 {
            remarks.append("all pools with a memory limit: \(total)\(Settings.comparison(total, available))")
        }
        return remarks
    }

    /// The most memory that an attempt in the pool may use; `nil` when one of its tasks has no limit.
    private func largestMemoryLimit(inPool index: Int) -> ByteCount? {
        let limits = self.taskNames.compactMap { self.task(named: $0) }.filter { $0.pool == index }.map(\.limits.memory)
        if limits.isEmpty { return self.base.size(.memory) }
        return limits.contains(nil) ? nil : limits.compactMap(\.self).max()
    }

    private static func comparison(_ amount: ByteCount, _ available: ByteCount?) -> String {
        guard let available else { return "" }
        return " \(amount > available ? ">" : "≤") \(available) of this container"
    }

    private func shutdownRemarks() -> [String] {
        let grace = self.worker.shutdownGrace
        return self.taskNames.compactMap { name in
            guard let hardTime = self.task(named: name)?.limits.hardTime, hardTime > grace else { return nil }
            return """
                task \(name): may run for \(hardTime.unitDescription), \
                and a warm shutdown waits \(grace.unitDescription) for it
                """
        }
    }
}

extension ByteCount {
    fileprivate func multiplied(by count: Int) -> ByteCount {
        let (product, overflow) = self.bytes.multipliedReportingOverflow(by: count)
        return ByteCount(bytes: overflow ? .max : product)
    }

    fileprivate func adding(_ other: ByteCount) -> ByteCount {
        let (sum, overflow) = self.bytes.addingReportingOverflow(other.bytes)
        return ByteCount(bytes: overflow ? .max : sum)
    }
}
