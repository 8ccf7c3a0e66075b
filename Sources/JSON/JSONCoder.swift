/// Turns `Codable` values into JSON and back.
///
/// `Date` is an ISO 8601 string, `Data` a base64 string, `URL` and `UUID` are strings, `Decimal` is a number, and
/// ``JSONValue`` is itself.
/// Numbers are never rounded to fit: an integer type takes only a number that is written as an integer and fits.
public enum JSONCoder {
    /// A value from a document.
    ///
    /// Throws `DecodingError` with the path of the first value that does not fit.
    public static func decode<Value: Decodable>(_ type: Value.Type, from json: JSONValue) throws -> Value {
        try json.decoded(as: type, at: .root)
    }

    /// A value from the bytes of a document.
    ///
    /// Throws ``JSONError`` when the bytes are not a document, and `DecodingError` with the path of the first value
    /// that does not fit.
    public static func decode<Value: Decodable>(
        _ type: Value.Type,
        from bytes: some Sequence<UInt8>,
        limits: JSONLimits = JSONLimits()
    ) throws -> Value {
        try JSONValue(parsing: bytes, limits: limits).decoded(as: type, at: .root)
    }

    /// The document for a value.
    ///
    /// Throws `EncodingError` for what JSON cannot hold, such as NaN.
    public static func encode(_ value: some Encodable) throws -> JSONValue {
        try JSONValue(encoding: value, at: .root)
    }

    /// Appends the document for a value to `buffer`, which is unchanged on error.
    ///
    /// Throws `EncodingError` for what JSON cannot hold, such as NaN.
    public static func encode(_ value: some Encodable, into buffer: inout [UInt8]) throws {
        try self.encode(value).write(into: &buffer)
    }
}
