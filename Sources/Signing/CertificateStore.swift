import COpenSSL
import Celery

/// Certificates whose owners' bodies are taken, as Celery's `security_cert_store`: those in the directory are trusted as
/// they are, without an authority.
public struct CertificateStore: Sendable {
    private let certificates: [String: Certificate]

    /// Reads each file of a directory: a certificate in PEM with an RSA key of at least 2,048 bits. Throws ``KeyError``.
    public init(directory: String) throws(KeyError) {
        var certificates: [String: Certificate] = [:]
        for file in try KeyFile.all(in: directory) {
            guard let certificate = Certificate(pem: file.content) else {
                throw KeyError(file.path, "is no certificate in PEM")
            }
            guard certificate.key.bitsOfRSA >= 2_048 else {
                throw KeyError(file.path, "has no RSA key of at least 2048 bits")
            }
            guard certificates.updateValue(certificate, forKey: certificate.id) == nil else {
                throw KeyError(file.path, "there is another certificate of this issuer and number")
            }
        }
        guard !certificates.isEmpty else { throw KeyError(directory, "has no certificates") }
        self.certificates = certificates
    }

    /// How many there are.
    public var count: Int { self.certificates.count }

    /// Checks that the owner of a known certificate, valid at `now`, has signed a message's body. Throws ``SignatureError``.
    public func check(_ envelope: Envelope, now: Double) throws(SignatureError) {
        let body: SignedBody
        do throws(BodyError) {
            body = try BodyDecoder().signedBody(of: envelope)
        } catch {
            throw SignatureError(.malformed, error.message)
        }
        guard let certificate = self.certificates[body.signer] else {
            throw SignatureError(.unknownKey, "no certificate is known of the signer \(body.signer.prefix(200))")
        }
        guard certificate.isValid(at: now) else {
            throw SignatureError(.outOfTime, "the certificate of \(body.signer.prefix(200)) is not valid now")
        }
        guard certificate.key.verifiesPSS(body.signature, of: body.content) else {
            throw SignatureError(.mismatch, "the body is not what \(body.signer.prefix(200)) has signed")
        }
    }
}

/// A certificate as far as Celery's signatures need one.
private struct Certificate: Sendable {
    /// The values of the issuer's name and the serial number, with blanks between them.
    let id: String
    let key: AsymmetricKey
    /// When it begins and ends, in seconds since 1970.
    private let validity: ClosedRange<Double>

    init?(pem: [UInt8]) {
        let memory = BIO_new_mem_buf(pem, CInt(pem.count))
        defer {
            BIO_free(memory)
            ERR_clear_error()
        }
        guard let pointer = PEM_read_bio_X509(memory, nil, { _, _, _, _ in -1 }, nil) else { return nil }
        defer { X509_free(pointer) }
        guard let key = X509_get_pubkey(pointer), let id = Self.id(of: pointer),
            let start = Self.seconds(X509_get0_notBefore(pointer)), let end = Self.seconds(X509_get0_notAfter(pointer)),
            start <= end
        else { return nil }
        self.key = AsymmetricKey(owning: key)
        self.id = id
        self.validity = start...end
    }

    func isValid(at seconds: Double) -> Bool { self.validity.contains(seconds) }

    private static func id(of certificate: OpaquePointer) -> String? {
        let issuer = X509_get_issuer_name(certificate)
        let values = (0..<X509_NAME_entry_count(issuer)).map { index -> String in
            var text: UnsafeMutablePointer<UInt8>?
            let count = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, index)))
            defer { celeriac_openssl_free(text) }
            return String(decoding: UnsafeBufferPointer(start: text, count: Int(max(0, count))), as: UTF8.self)
        }
        guard let number = ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), nil) else { return nil }
        defer { BN_free(number) }
        guard let digits = BN_bn2dec(number) else { return nil }
        defer { celeriac_openssl_free(digits) }
        return (values + [String(cString: digits)]).joined(separator: " ")
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Double? {
        var parts = tm()
        return ASN1_TIME_to_tm(time, &parts) == 1 ? Double(timegm(&parts)) : nil
    }
}
