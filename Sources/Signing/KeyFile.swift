import Celery
import Syscalls

/// A file with a key, and the checks that it passed: nobody but its owner may have changed it, and a secret one nobody
/// but its owner may read.
struct KeyFile {
    /// The name of the key: the file's, without what follows its last dot.
    let id: String
    let path: String
    let content: [UInt8]
    private let isPrivate: Bool

    /// The largest file that is read.
    private static let largest = 65_536

    /// Reads a file. Throws ``KeyError``.
    init(_ path: String) throws(KeyError) {
        self.path = path
        self.id = try Self.id(of: path)
        do {
            let file = try ProtectedFile(path, largest: Self.largest)
            guard file.isOurs else { throw KeyError(path, "belongs to another user, who could change it") }
            guard !file.othersMayWrite else { throw KeyError(path, "can be changed by others: chmod go-w") }
            self.content = file.content
            self.isPrivate = !file.othersMayRead
        } catch let error as KeyError {
            throw error
        } catch {
            throw KeyError(path, "\(error)")
        }
    }

    /// Throws unless nobody else may read the file.
    func requirePrivate() throws(KeyError) {
        guard self.isPrivate else { throw KeyError(self.path, "holds a secret and can be read by others: chmod 600") }
    }

    private static func id(of path: String) throws(KeyError) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let id = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        guard isKeyID(id.utf8) else {
            throw KeyError(path, "the name of a key has 1 to 64 letters, digits, \"_\", \".\" and \"-\"")
        }
        return id
    }

    /// Whether a text can name a key.
    static func isKeyID(_ text: some Collection<UInt8>) -> Bool {
        (1...64).contains(text.count)
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// The secret of a line `hmac-sha256 BASE64`; `nil` when the file is none of that kind.
    func sharedSecret() throws(KeyError) -> [UInt8]? {
        let blanks = Array(" \r\n".utf8)
        let words = self.content.split { blanks.contains($0) }
        guard let kind = words.first, kind.elementsEqual("hmac-sha256".utf8) else { return nil }
        try self.requirePrivate()
        guard words.count == 2, let secret = Base64.decode(words[1]) else {
            throw KeyError(self.path, "is no line \"hmac-sha256 BASE64\"")
        }
        guard secret.count >= Digest.size else {
            throw KeyError(self.path, "a secret has at least \(Digest.size) bytes, not \(secret.count)")
        }
        return secret
    }

    /// Reads each file of a directory that nobody else may change, in the order of their names, but for hidden ones.
    static func all(in directory: String) throws(KeyError) -> [KeyFile] {
        let listing: ProtectedDirectory
        do { listing = try ProtectedDirectory(directory) } catch { throw KeyError(directory, "\(error)") }
        guard listing.isOurs else { throw KeyError(directory, "belongs to another user, who could change it") }
        guard !listing.othersMayWrite else { throw KeyError(directory, "can be changed by others: chmod go-w") }
        var files: [KeyFile] = []
        for name in listing.names { files.append(try KeyFile("\(directory)/\(name)")) }
        return files
    }
}
