import COpenSSL

/// OpenSSL's SHA-256 and HMAC-SHA-256.
enum Digest {
    static let size = 32

    /// The SHA-256 of bytes.
    static func sha256(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.withUnsafeBufferPointer { bytes in
            [UInt8](unsafeUninitializedCapacity: self.size) { digest, count in
                SHA256(bytes.baseAddress, bytes.count, digest.baseAddress)
                count = self.size
            }
        }
    }

    /// The HMAC-SHA-256 of bytes under a key.
    static func hmac(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: self.size) { digest, count in
            HMAC(EVP_sha256(), key, CInt(key.count), bytes, bytes.count, digest.baseAddress, nil)
            count = self.size
        }
    }

    /// Whether two byte strings are equal, in a time that does not tell where they differ.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Bytes as lower-case hexadecimal digits.
    static func hex(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
