import Hummingbird

/// Where the server listens.
public struct ListenPlace: Sendable {
    /// For the server.
    public let address: BindAddress
    /// Whether it is a file, which protects itself.
    public let isLocalSocket: Bool

    /// A text that cannot be understood.
    public struct Mistake: Error, CustomStringConvertible {
        /// For people.
        public let description: String
    }

    /// Reads `HOST:PORT`, `[::1]:PORT`, or a path, which has a slash. Throws ``Mistake``.
    public init(_ text: String) throws(Mistake) {
        if text.contains("/") {
            (self.address, self.isLocalSocket) = (.unixDomainSocket(path: text), true)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Mistake(description: "--listen takes HOST:PORT or a path, not \(text)")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { throw Mistake(description: "--listen needs a host, 127.0.0.1 or 0.0.0.0: \(text)") }
        (self.address, self.isLocalSocket) = (.hostname(host, port: Int(port)), false)
    }
}
