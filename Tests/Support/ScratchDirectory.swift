import Foundation

/// A directory of a test's own, removed with it.
package final class ScratchDirectory {
    package let path: String

    package init() throws {
        self.path = FileManager.default.temporaryDirectory.appending(path: "engine-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// The path of a file in it, which need not exist.
    package func file(_ name: String) -> String { self.path + "/" + name }

    /// Writes a file in one step and returns its path.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: self.file(name), atomically: true, encoding: .utf8)
        return self.file(name)
    }

    package func read(_ name: String) throws -> String { try String(contentsOfFile: self.file(name), encoding: .utf8) }

    package func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: self.file(name), withIntermediateDirectories: true)
    }

    /// Names of what is in a directory of it.
    package func entries(_ name: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: self.file(name))) ?? []
    }
}
