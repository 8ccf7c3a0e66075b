import JSON
import Testing

@Suite struct NumberTests {
    @Test(
        arguments: [
            ("7", 7, 7.0), ("-9223372036854775808", Int.min, -9223372036854775808.0),
            ("9223372036854775808", nil, 9223372036854775808.0), ("1.0", nil, 1.0), ("1e2", nil, 100.0),
            ("-0", 0, -0.0), ("1e999", nil, nil), ("1e-999", nil, 0.0),
        ] as [(String, Int?, Double?)]
    )
    func numbersConvertWithoutRounding(text: String, integer: Int?, double: Double?) throws {
        let number = try #require(JSONNumber(text))
        #expect(number.asInt == integer)
        #expect(number.asDouble == double)
    }

    @Test(arguments: ["", " 1", "1 ", "+1", "01", ".5", "NaN", "1_000", "0x1", "--1", "1e"])
    func otherTextIsNoNumber(text: String) { #expect(JSONNumber(text) == nil) }

    @Test func numbersAreMadeFromSwiftValues() {
        #expect(JSONNumber(UInt64.max).description == "18446744073709551615")
        #expect(JSONNumber(UInt64.max).asInteger(UInt64.self) == .max)
        #expect(JSONNumber(Int8(-3)) == JSONNumber("-3"))
        #expect(JSONNumber(0.1)?.description == "0.1")
        #expect(JSONNumber(Float(0.1))?.description == "0.1")
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONNumber(-Float.infinity) == nil)
        #expect(JSONNumber(3).asInteger(UInt8.self) == 3)
        #expect(JSONNumber(300).asInteger(UInt8.self) == nil)
    }

    @Test(arguments: [0, 7, -7, 10, 100, Int64.max, Int64.min])
    func decimalsAreWritten(integer: Int64) {
        var buffer = Array("x".utf8)
        writeDecimal(integer, into: &buffer)
        #expect(buffer == Array("x\(integer)".utf8))
    }
}
