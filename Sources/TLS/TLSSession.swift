import COpenSSL

/// The client's side of one encrypted connection, without a socket: bytes of the line go in and come out here, and the
/// caller carries them (OpenSSL's `SSL` between two buffers in memory).
public final class TLSSession {
    /// What a step came to.
    public enum Step: Equatable, Sendable {
        /// It is done, with so many bytes.
        case done(Int)
        /// It goes on when more has come from the line.
        case needsInput
        /// The other side has said that it ends.
        case closed
    }

    private let context: TLSContext
    private let session: OpaquePointer
    /// Owned by the session.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    /// A session that has not begun. The name is what the server's certificate must be for; an address is one, too.
    public init(_ context: TLSContext, serverName: String, isAddress: Bool) throws(TLSError) {
        ERR_clear_error()
        guard let session = SSL_new(context.pointer), let incoming = BIO_new(BIO_s_mem()),
            let outgoing = BIO_new(BIO_s_mem())
        else { throw .inLibrary("no TLS session") }
        (self.context, self.session, self.incoming, self.outgoing) = (context, session, incoming, outgoing)
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
        celeriac_ssl_allow_partial_writes(session)
        try self.expect(serverName, isAddress)
    }

    deinit { SSL_free(self.session) }

    private func expect(_ name: String, _ isAddress: Bool) throws(TLSError) {
        // A server with many names chooses by this one. Addresses are not sent (RFC 6066, section 3).
        if !isAddress && celeriac_ssl_set_name(self.session, name) != 1 { throw .inLibrary("\(name) is no name") }
        guard self.context.options.verification == .full else { return }
        let parameters = SSL_get0_param(self.session)
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let result =
            isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name) : X509_VERIFY_PARAM_set1_host(parameters, name, 0)
        if result != 1 { throw .inLibrary("\(name) is no name") }
    }

    /// Goes on with the handshake.
    public func shakeHands() throws(TLSError) -> Step {
        ERR_clear_error()
        return try self.step(SSL_do_handshake(self.session), 0, "the TLS handshake failed")
    }

    /// Decrypts what has come.
    public func decrypt(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Step {
        ERR_clear_error()
        var count = 0
        let result = SSL_read_ex(self.session, buffer.baseAddress, buffer.count, &count)
        return try self.step(result, count, "the encrypted connection broke")
    }

    /// Encrypts some of the bytes: those that are done.
    public func encrypt(_ bytes: UnsafeRawBufferPointer) throws(TLSError) -> Step {
        ERR_clear_error()
        var count = 0
        let result = SSL_write_ex(self.session, bytes.baseAddress, bytes.count, &count)
        return try self.step(result, count, "the encrypted connection broke")
    }

    /// Says that we end.
    public func close() {
        ERR_clear_error()
        _ = SSL_shutdown(self.session)
        ERR_clear_error()
    }

    private func step(_ result: CInt, _ count: Int, _ what: String) throws(TLSError) -> Step {
        if result > 0 { return .done(count) }
        switch SSL_get_error(self.session, result) {
        // A buffer in memory takes everything: to want to write is to try again, and what is lacking is input.
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: throw self.failure(what)
        }
    }

    private func failure(_ what: String) -> TLSError {
        let verdict = SSL_get_verify_result(self.session)
        guard self.context.options.verification != .none, verdict != X509_V_OK else { return .inLibrary(what) }
        ERR_clear_error()
        return TLSError(
            "the server's certificate is not accepted: \(String(cString: X509_verify_cert_error_string(verdict)))")
    }

    /// Takes bytes that came on the line.
    public func receive(_ bytes: UnsafeRawBufferPointer) {
        let taken = BIO_write(self.incoming, bytes.baseAddress, CInt(bytes.count))
        precondition(Int(taken) == bytes.count, "A buffer in memory takes everything.")
    }

    /// Bytes that are to go out on the line, which the caller now has.
    public func takeOutgoing() -> [UInt8] {
        let count = BIO_ctrl_pending(self.outgoing)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, Int(BIO_read(self.outgoing, buffer.baseAddress, CInt(count))))
        }
    }
}
