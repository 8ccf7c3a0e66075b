/// The settings of signed messages.
extension SettingKey {
    static let requireSignature = SettingKey(
        "require_signature",
        in: [.worker, .tasks],
        .boolean,
        default: "false",
        "Whether only messages that a key of `verify_keys` has signed are run, each once."
    )
    static let requireCertificate = SettingKey(
        "require_certificate",
        in: [.worker, .tasks],
        .boolean,
        default: "false",
        "Whether only bodies that Celery has signed with one of `certificates` are run.",
        celery: "accept_content = [\"auth\"]"
    )
    static let verifyKeys = SettingKey(
        "verify_keys",
        in: [.worker],
        .absolutePath,
        or: .unlimited,
        default: "none",
        "The directory of the keys whose signatures are taken."
    )
    static let signingKey = SettingKey(
        "signing_key",
        in: [.worker],
        .absolutePath,
        or: .unlimited,
        default: "none",
        "The key that signs what a worker publishes for signed messages, and what `send` sends."
    )
    static let signatureMaxAge = SettingKey(
        "signature_max_age",
        in: [.worker],
        .duration(zero: .forbidden),
        default: "1d",
        "How long after it was signed, or was due, a message may start; for so long copies of it are known."
    )
    static let certificates = SettingKey(
        "certificates",
        in: [.worker],
        .absolutePath,
        or: .unlimited,
        default: "none",
        "The directory of the certificates whose owners' bodies in Celery's `auth` envelope are opened.",
        celery: "security_cert_store"
    )
}
