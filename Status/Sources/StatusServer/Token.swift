import Foundation

/// The secret of those who may see a worker's pages.
public struct Token: Sendable {
    /// What is shorter could be guessed.
    public static let shortest = 16

    private let secret: [UInt8]

    /// A token from a file or a variable, without the spaces and line ends around it; `nil` if it is too short.
    public init?(_ text: String) {
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard secret.utf8.count >= Self.shortest else { return nil }
        self.secret = Array(secret.utf8)
    }

    /// Whether the value of an `Authorization` header has it: as a bearer, or as the password of any user, which is what
    /// a browser asks for.
    public func isIn(_ authorization: String?) -> Bool {
        guard let words = authorization?.split(separator: " ", maxSplits: 1), words.count == 2 else { return false }
        switch words[0].lowercased() {
        case "bearer": return self.equals(Array(words[1].utf8))
        case "basic":
            guard let pair = Data(base64Encoded: String(words[1])), let colon = pair.firstIndex(of: UInt8(ascii: ":"))
            else { return false }
            return self.equals(Array(pair[(colon + 1)...]))
        default: return false
        }
    }

    /// Takes as long for a nearly right one as for any other of its length.
    private func equals(_ other: [UInt8]) -> Bool {
        guard other.count == self.secret.count else { return false }
        return zip(self.secret, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
