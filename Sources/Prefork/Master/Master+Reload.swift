import Supervision

/// New configuration without a pause (SIGHUP): a new template starts with it beside the old one. Only when it is ready
/// does the master take the configuration over, and the children are replaced one by one. A configuration that does
/// not start a template changes nothing.
extension Master {
    /// Whether a reload is under way.
    public var isReloading: Bool { self.pendingReload != nil }

    func reload() {
        self.reloads += 1
        guard self.pendingReload == nil else {
            return self.logger.warning("reload.ignored", metadata: ["reason": "another reload is under way"])
        }
        do {
            self.pendingReload = try self.hooks.readConfiguration()
        } catch {
            return self.logger.error("reload.failed", metadata: ["reason": "\(error)"])
        }
        self.logger.notice("reload.started")
        self.supervisor.reload(now: self.now)
    }

    func templateReady(_ template: TemplateHandle) {
        defer { template.sandboxes = self.sandboxes }
        guard let input = self.pendingReload, template.generation == self.supervisor.newestGeneration else {
            return self.supervisor.templateBecameReady(template.generation, now: self.now)
        }
        self.pendingReload = nil
        do {
            let previous = self.templateInput
            try self.takeOver(input)
            self.replacedConfiguration = ReplacedConfiguration(input: previous, by: template.generation)
            self.supervisor.templateBecameReady(template.generation, now: self.now)
            self.logger.notice("reload.done", metadata: ["generation": "\(template.generation)"])
        } catch {
            self.supervisor.templateFailed(template.generation, reason: "\(error)", now: self.now)
        }
    }

    private func takeOver(_ input: [UInt8]) throws {
        if let settings = try self.hooks.applyConfiguration(input) {
            self.supervisor.apply(pools: settings.pools, tasks: settings.tasks)
            self.sandboxes = settings.sandboxes
        }
        self.templateInput = input
    }

    /// A template that was to try a new configuration is gone: the one in force stays.
    func giveUpReload(_ generation: Int) {
        guard self.pendingReload != nil, generation == self.supervisor.newestGeneration else { return }
        self.pendingReload = nil
        self.logger.error("reload.failed", metadata: ["reason": "the new template did not start"])
    }

    /// The children of a new configuration do not start, and those of the old one stay: so does their configuration.
    func undoReload(_ generation: Int, reason: String) {
        guard let replaced = self.replacedConfiguration, replaced.by == generation else { return }
        self.replacedConfiguration = nil
        do {
            try self.takeOver(replaced.input)
            self.logger.error("reload.undone", metadata: ["reason": "\(reason)"])
        } catch {
            self.logger.error("reload.not.undone", metadata: ["reason": "\(error)"])
        }
    }
}

/// A configuration that was in force before a reload.
struct ReplacedConfiguration {
    let input: [UInt8]
    /// The generation of templates that began with the new one.
    let by: Int
}
