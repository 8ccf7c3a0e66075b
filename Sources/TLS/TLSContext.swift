import COpenSSL

/// What the sessions with one server have in common: the authorities and our own certificate, read once (OpenSSL's
/// `SSL_CTX`).
public final class TLSContext {
    let pointer: OpaquePointer
    let options: TLSOptions

    /// Reads the files that the options name. Throws ``TLSError`` with the one that cannot be used.
    public init(_ options: TLSOptions) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_client_method()) else { throw .inLibrary("TLS cannot be used") }
        self.pointer = pointer
        self.options = options
        guard celeriac_ssl_set_oldest(pointer, TLS1_2_VERSION) == 1 else { throw .inLibrary("TLS 1.2 cannot be used") }
        // A server that wants to begin anew in the middle of it is told no: none of ours does.
        celeriac_ssl_refuse_renegotiation(pointer)
        SSL_CTX_set_verify(pointer, options.verification == .none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
        // An encrypted key would be asked for at the terminal.
        SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in -1 }
        if options.verification != .none { try self.loadAuthorities() }
        if let certificate = options.certificate { try self.loadCertificate(certificate) }
    }

    deinit { SSL_CTX_free(self.pointer) }

    private func loadAuthorities() throws(TLSError) {
        guard let path = self.options.authorities else {
            guard SSL_CTX_set_default_verify_paths(self.pointer) == 1 else {
                throw .inLibrary("the system's certificate authorities cannot be read")
            }
            return
        }
        guard SSL_CTX_load_verify_file(self.pointer, path) == 1 else {
            throw .inLibrary("no certificate authorities in \(path)")
        }
    }

    private func loadCertificate(_ path: String) throws(TLSError) {
        guard SSL_CTX_use_certificate_chain_file(self.pointer, path) == 1 else {
            throw .inLibrary("no certificate in \(path)")
        }
        let key = self.options.key ?? path
        guard SSL_CTX_use_PrivateKey_file(self.pointer, key, SSL_FILETYPE_PEM) == 1 else {
            throw .inLibrary("no key for the certificate in \(key)")
        }
    }
}
