import COpenSSL

/// Why there is no encrypted connection.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong, with OpenSSL's own words.
    public let text: String

    init(_ text: String) { self.text = text }

    /// What failed, and what OpenSSL says about it.
    static func inLibrary(_ what: String) -> TLSError {
        var texts: [String] = []
        var code = ERR_get_error()
        while code != 0 {
            if let text = ERR_reason_error_string(code) { texts.append(String(cString: text)) }
            code = ERR_get_error()
        }
        return TLSError(texts.isEmpty ? what : "\(what): \(texts.joined(separator: ", "))")
    }

    public var description: String { self.text }
}
