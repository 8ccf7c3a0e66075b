/// Processes that a task left behind, by their command names.
enum Leftovers {
    /// `sh sleep×3`: each name once.
    static func text(_ names: [String]) -> String {
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { $0.value == 1 ? $0.key : "\($0.key)×\($0.value)" }
            .joined(separator: " ")
    }
}
