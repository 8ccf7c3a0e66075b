import Foundation

/// A directory of keys of a test's own, made with the tools that the documentation names. It goes with the test.
final class KeyDirectory {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.appending(path: "celeriac-keys-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ content: some DataProtocol, to name: String, mode: Int = 0o600) throws -> String {
        let path = "\(self.path)/\(name)"
        try Data(content).write(to: URL(filePath: path))
        try self.setMode(mode, of: name)
        return path
    }

    @discardableResult
    func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        try self.write(Data(text.utf8), to: name, mode: mode)
    }

    func setMode(_ mode: Int, of name: String = ".") throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(self.path)/\(name)")
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(self.path)/\(name)")))
    }

    /// Writes a secret of so many bytes.
    @discardableResult
    func secret(_ name: String, bytes: Int = 32, mode: Int = 0o600) throws -> String {
        let secret = (0..<bytes).map { _ in UInt8.random(in: .min ... .max) }
        return try self.write("hmac-sha256 \(Data(secret).base64EncodedString())\n", to: name, mode: mode)
    }

    /// Runs `openssl` here.
    func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(filePath: self.path)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailed(arguments: arguments) }
    }

    struct CommandFailed: Error {
        let arguments: [String]
    }

    /// Makes a pair of Ed25519 keys: NAME.key.pem and NAME.pem.
    func pair(_ name: String, private privateDirectory: KeyDirectory) throws -> String {
        let key = "\(privateDirectory.path)/\(name).pem"
        try self.openssl("genpkey", "-algorithm", "ed25519", "-out", key)
        try self.openssl("pkey", "-in", key, "-pubout", "-out", "\(name).pem")
        try privateDirectory.setMode(0o600, of: "\(name).pem")
        try self.setMode(0o644, of: "\(name).pem")
        return key
    }
}
