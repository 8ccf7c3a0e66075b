import Supervision

/// A limit that code sets, or takes away: `.seconds(30)`, `.mebibytes(512)`, `100`, `.unlimited`.
public enum Bound<Value: Sendable & Hashable>: Hashable, Sendable {
    /// No limit, whatever the configuration's `[limits]` say.
    case unlimited
    /// This limit.
    case at(Value)
}

extension Bound where Value == Duration {
    /// So many seconds.
    public static func seconds(_ count: some BinaryInteger) -> Bound { .at(.seconds(count)) }

    /// So many milliseconds.
    public static func milliseconds(_ count: some BinaryInteger) -> Bound { .at(.milliseconds(count)) }
}

extension Bound where Value == ByteCount {
    /// So many kibibytes (1,024 bytes).
    public static func kibibytes(_ count: Int) -> Bound { .at(.kibibytes(count)) }

    /// So many mebibytes (1,048,576 bytes).
    public static func mebibytes(_ count: Int) -> Bound { .at(.mebibytes(count)) }

    /// So many gibibytes (1,073,741,824 bytes).
    public static func gibibytes(_ count: Int) -> Bound { .at(.gibibytes(count)) }
}

extension Bound: ExpressibleByIntegerLiteral where Value == Int {
    /// So many.
    public init(integerLiteral count: Int) { self = .at(count) }
}

extension Bound {
    func setting(_ value: (Value) -> SettingValue) -> SettingValue {
        switch self {
        case .unlimited: .unlimited
        case .at(let bound): value(bound)
        }
    }
}
