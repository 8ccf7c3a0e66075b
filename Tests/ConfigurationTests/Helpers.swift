import Configuration

/// Settings from a file named `c.toml` and whatever else the test is about.
func load(
    _ text: String? = nil,
    environment: [String: String] = [:],
    flags: [String: String] = [:],
    tasks: [String: TaskOptions] = [:]
) throws(ConfigurationErrors) -> Settings {
    try Settings.load(
        file: text.map { ("c.toml", $0) },
        environment: environment,
        flags: flags,
        processors: 8,
        tasks: tasks
    )
}

/// The messages of all errors that loading finds, one a line; empty when it finds none.
func errors(
    _ text: String? = nil,
    environment: [String: String] = [:],
    flags: [String: String] = [:],
    tasks: [String: TaskOptions] = [:]
) -> [String] {
    do throws(ConfigurationErrors) {
        _ = try load(text, environment: environment, flags: flags, tasks: tasks)
        return []
    } catch {
        return error.errors.map(\.description)
    }
}
