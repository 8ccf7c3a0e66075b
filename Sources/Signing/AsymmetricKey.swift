import COpenSSL

/// One half of a pair of keys, or both, as OpenSSL holds it (`EVP_PKEY`).
final class AsymmetricKey: @unchecked Sendable {
    // Read only after it is made; OpenSSL counts references itself.
    private let pointer: OpaquePointer

    /// Owns the key.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    /// Reads the private key of a PEM text; `nil` when there is none.
    convenience init?(privatePEM text: [UInt8]) {
        // An encrypted key would be asked for at the terminal.
        self.init(text) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }
    }

    /// Reads the public key of a PEM text; `nil` when there is none.
    convenience init?(publicPEM text: [UInt8]) {
        self.init(text) { PEM_read_bio_PUBKEY($0, nil, { _, _, _, _ in -1 }, nil) }
    }

    private convenience init?(_ text: [UInt8], _ read: (OpaquePointer?) -> OpaquePointer?) {
        let memory = BIO_new_mem_buf(text, CInt(text.count))
        defer {
            BIO_free(memory)
            ERR_clear_error()
        }
        guard let pointer = read(memory) else { return nil }
        self.init(owning: pointer)
    }

    deinit { EVP_PKEY_free(self.pointer) }

    /// Whether it is a key for Ed25519.
    var isEd25519: Bool { EVP_PKEY_get_id(self.pointer) == EVP_PKEY_ED25519 }

    /// The bits of an RSA key; 0 for any other.
    var bitsOfRSA: Int { EVP_PKEY_get_id(self.pointer) == EVP_PKEY_RSA ? Int(EVP_PKEY_get_bits(self.pointer)) : 0 }

    /// An Ed25519 signature of bytes.
    func sign(_ bytes: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        let isSigned =
            EVP_DigestSignInit(context, nil, nil, nil, self.pointer) == 1
            && EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1
        precondition(isSigned && count == signature.count, "A private Ed25519 key signs.")
        return signature
    }

    /// Whether an Ed25519 signature is this key's.
    func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        self.verifies(signature, of: bytes[...], digest: nil) { _ in true }
    }

    /// Whether an RSA-PSS signature (MGF1, SHA-256, salt of any length) is this key's.
    func verifiesPSS(_ signature: [UInt8], of bytes: ArraySlice<UInt8>) -> Bool {
        self.verifies(signature, of: bytes, digest: EVP_sha256()) { celeriac_evp_use_pss($0) == 1 }
    }

    private func verifies(
        _ signature: [UInt8], of bytes: ArraySlice<UInt8>, digest: OpaquePointer?,
        _ prepare: (OpaquePointer?) -> Bool
    ) -> Bool {
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var keyContext: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &keyContext, digest, nil, self.pointer) == 1, prepare(keyContext) else {
            return false
        }
        return bytes.withUnsafeBufferPointer { bytes in
            EVP_DigestVerify(context, signature, signature.count, bytes.baseAddress, bytes.count) == 1
        }
    }
}
