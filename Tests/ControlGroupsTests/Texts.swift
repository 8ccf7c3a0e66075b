import Foundation

extension String {
    /// Replaces a file's text.
    func write(toPath path: String) throws { try self.write(toFile: path, atomically: false, encoding: .utf8) }
}

func removeTree(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }
