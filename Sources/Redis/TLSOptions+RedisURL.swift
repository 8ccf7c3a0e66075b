import TLS

extension TLSOptions {
    /// Takes what begins with `ssl_` out of a URL's options, in the words of Celery, redis-py and Python's `ssl`.
    ///
    /// A misspelt option would silently protect less than was asked for, so that what is not known is an error.
    init(taking options: inout [String: String]) throws(RedisURLError) {
        self.init()
        self.authorities = options.removeValue(forKey: "ssl_ca_certs")
        self.certificate = options.removeValue(forKey: "ssl_certfile")
        self.key = options.removeValue(forKey: "ssl_keyfile")
        self.verification = try Self.verification(
            certificate: options.removeValue(forKey: "ssl_cert_reqs"),
            name: options.removeValue(forKey: "ssl_check_hostname"))
        if let unknown = options.keys.filter({ $0.hasPrefix("ssl_") }).min() { throw RedisURLError(.option, unknown) }
    }

    private static func verification(certificate: String?, name: String?) throws(RedisURLError) -> Verification {
        let needsName = try Self.isTrue(name)
        switch certificate?.lowercased() {
        // To Python, a certificate is optional only on the side of the server, which asks for the client's.
        case nil, "required", "cert_required", "optional", "cert_optional": return needsName ? .full : .authority
        case "none", "cert_none": return .none
        case let other?: throw RedisURLError(.option, "ssl_cert_reqs=\(other)")
        }
    }

    private static func isTrue(_ text: String?) throws(RedisURLError) -> Bool {
        switch text?.lowercased() {
        case nil, "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        case let other?: throw RedisURLError(.option, "ssl_check_hostname=\(other)")
        }
    }
}
