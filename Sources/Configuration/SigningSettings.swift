/// What concerns signed messages.
public struct SigningSettings: Equatable, Sendable {
    /// The directory of the keys whose signatures are taken; `nil` for none.
    public let verifyKeys: String?
    /// The file of the key that signs; `nil` for none.
    public let signingKey: String?
    /// How long after it was signed, or was due, a message may start.
    public let maxAge: Duration
    /// The directory of certificates for Celery's `auth` envelope; `nil` for none.
    public let certificates: String?

    init(_ layer: Layer) {
        self.verifyKeys = layer.text(.verifyKeys)
        self.signingKey = layer.text(.signingKey)
        self.maxAge = layer.duration(.signatureMaxAge) ?? .seconds(86_400)
        self.certificates = layer.text(.certificates)
    }
}

extension Resolver {
    /// What a task requires must be possible: a worker that can check nothing would refuse every message.
    mutating func checkSigning(in layer: Layer) {
        let needs: [(SettingKey, SettingKey)] = [
            (.requireSignature, .verifyKeys), (.requireCertificate, .certificates),
        ]
        for (requirement, directory) in needs where layer.boolean(requirement) == true {
            guard layer.text(directory) == nil, let setting = layer[requirement] else { continue }
            self.report(.conflict, "'\(requirement.name)' needs '\(directory.name)' in [worker]", at: setting.source)
        }
    }
}
