/// How a server proves who it is, and how we do.
public struct TLSOptions: Hashable, Sendable {
    /// What is asked of the server's certificate.
    public enum Verification: Hashable, Sendable {
        /// One that a certificate authority has signed, for the name that was connected to. The default.
        case full
        /// One that a certificate authority has signed, for whatever name.
        case authority
        /// Any: this protects against whoever listens, and against nobody who answers.
        case none
    }

    /// What is asked of the server's certificate.
    public var verification = Verification.full
    /// A file with certificates of authorities (PEM); `nil` for those of the system.
    public var authorities: String?
    /// A file with our own certificate and those between it and its authority (PEM); `nil` to show none.
    public var certificate: String?
    /// A file with the key of our certificate (PEM, not encrypted); `nil` when it is in the certificate's file.
    public var key: String?

    /// The defaults.
    public init() {}
}
