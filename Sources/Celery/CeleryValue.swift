import JSON

/// A value as Celery's serializers carry it: what JSON has, and the Python types that kombu adds.
public enum CeleryValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A finite number of any size, as it was written.
    case number(JSONNumber)
    /// A float that JSON has no number for.
    case notFinite(NotFinite)
    case string(String)
    case bytes([UInt8])
    case array([CeleryValue])
    case object(CeleryObject)
    /// A Python type that kombu writes into JSON as an object of two keys.
    case special(SpecialValue)
    /// An extension type of MessagePack; -1 is a point in time.
    case extended(code: Int8, [UInt8])

    /// The three floats that JSON has no number for. The raw value is the word that Python writes.
    public enum NotFinite: String, Sendable {
        case nan = "NaN"
        case infinity = "Infinity"
        case negativeInfinity = "-Infinity"
    }

    /// The value of a key; `nil` when there is none or this is not an object.
    public subscript(key: String) -> CeleryValue? { self.asObject?[key] }

    /// The text of a string, `nil` for anything else.
    public var asString: String? { if case .string(let string) = self { string } else { nil } }

    /// The integer, `nil` for anything else and for integers that do not fit.
    public var asInt: Int? { if case .number(let number) = self { number.asInt } else { nil } }

    /// The boolean, `nil` for anything else.
    public var asBool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    /// The elements of an array, `nil` for anything else.
    public var asArray: [CeleryValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The members of an object, `nil` for anything else.
    public var asObject: CeleryObject? { if case .object(let object) = self { object } else { nil } }

    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }
}

extension CeleryValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: CeleryValue...) { self = .array(elements) }
    /// An object with the members in their order.
    public init(dictionaryLiteral members: (String, CeleryValue)...) {
        self = .object(CeleryObject(members.map { CeleryObject.Member(key: $0, value: $1) }))
    }

    /// A floating-point number, finite or not.
    public init(_ number: Double) {
        if let finite = JSONNumber(number) {
            self = .number(finite)
        } else {
            self = .notFinite(number.isNaN ? .nan : number < 0 ? .negativeInfinity : .infinity)
        }
    }
}
