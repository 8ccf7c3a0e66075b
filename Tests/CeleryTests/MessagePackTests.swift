import JSON
import Testing

@testable import Celery

@Suite struct MessagePackTests {
    private func read(_ bytes: [UInt8]) throws -> CeleryValue { try CeleryValue(messagePack: bytes[...]) }

    static let values: [(CeleryValue, [UInt8])] = [
        (nil, [0xC0]), (true, [0xC3]), (false, [0xC2]), (0, [0]), (127, [0x7F]), (128, [0xCC, 0x80]),
        (256, [0xCD, 1, 0]), (65_536, [0xCE, 0, 1, 0, 0]), (4_294_967_296, [0xCF, 0, 0, 0, 1, 0, 0, 0, 0]),
        (-1, [0xFF]), (-32, [0xE0]), (-33, [0xD0, 0xDF]), (-129, [0xD1, 0xFF, 0x7F]),
        (-32_769, [0xD2, 0xFF, 0xFF, 0x7F, 0xFF]),
        (.number(JSONNumber(Int64.min)), [0xD3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (.number(JSONNumber(UInt64.max)), [0xCF] + [UInt8](repeating: 0xFF, count: 8)),
        (CeleryValue(1.0), [0xCB, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]),
        (CeleryValue(-0.0), [0xCB, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (CeleryValue(-.infinity), [0xCB, 0xFF, 0xF0, 0, 0, 0, 0, 0, 0]),
        ("é", [0xA2, 0xC3, 0xA9]), (.bytes([1, 2]), [0xC4, 2, 1, 2]), ([], [0x90]),
        (["a": nil], [0x81, 0xA1, 0x61, 0xC0]), (.extended(code: 5, [1, 2, 3, 4]), [0xD6, 5, 1, 2, 3, 4]),
        (.extended(code: -2, [9, 9, 9]), [0xC7, 3, 0xFE, 9, 9, 9]),
    ]

    @Test(arguments: MessagePackTests.values)
    func valuesHaveOneForm(_ value: CeleryValue, _ bytes: [UInt8]) throws {
        #expect(try value.messagePack() == bytes)
        #expect(try self.read(bytes) == value)
    }

    @Test func longFormsAreReadAndWritten() throws {
        for count in [31, 32, 255, 256, 65_535, 65_536] {
            let text = CeleryValue.string(String(repeating: "a", count: count))
            #expect(try self.read(text.messagePack()) == text)
            let bytes = CeleryValue.bytes([UInt8](repeating: 1, count: count))
            #expect(try self.read(bytes.messagePack()) == bytes)
            let array = CeleryValue.array([CeleryValue](repeating: 7, count: count))
            #expect(try self.read(array.messagePack()) == array)
            let object = CeleryValue.object(CeleryObject((0..<count).map { .init(key: "\($0)", value: nil) }))
            #expect(try self.read(object.messagePack()) == object)
            let extended = CeleryValue.extended(code: 1, [UInt8](repeating: 1, count: count))
            #expect(try self.read(extended.messagePack()) == extended)
        }
    }

    @Test func shortFloatsAreExact() throws {
        #expect(try self.read([0xCA, 0x3F, 0x80, 0, 0]) == CeleryValue(1.0))
        #expect(try self.read([0xCA, 0x3D, 0xCC, 0xCC, 0xCD]) == CeleryValue(Double(Float(0.1))))
        #expect(try self.read([0xCA, 0x7F, 0xC0, 0, 0]) == .notFinite(.nan))
    }

    @Test func lengthsThatLieCostNothing() {
        for head: [UInt8] in [
            [0xDD, 0xFF, 0xFF, 0xFF, 0xFF], [0xDF, 0xFF, 0xFF, 0xFF, 0xFF], [0xDB, 0xFF, 0xFF, 0xFF, 0xFF],
            [0xC6, 0xFF, 0xFF, 0xFF, 0xFF], [0xC9, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0xDC, 0xFF, 0xFF, 1, 2, 3],
            [0x82, 0xA0, 0xC0, 0xA0],
        ] {
            let error = #expect(throws: BodyError.self) { try self.read(head) }
            #expect(error?.code == .malformed)
        }
    }

    @Test func depthAndCountAreLimited() {
        let deep = [UInt8](repeating: 0x91, count: 1_000_000)
        #expect(#expect(throws: BodyError.self) { try self.read(deep) }?.code == .tooDeep)
        let wide: [UInt8] = [0xDC, 0x00, 0x65] + [UInt8](repeating: 0xC0, count: 101)
        let limits = BodyLimits(maxValues: 100)
        let error = #expect(throws: BodyError.self) { try CeleryValue(messagePack: wide[...], limits: limits) }
        #expect(error?.code == .tooManyValues)
    }

    @Test(arguments: [[0xC1], [], [0xA1, 0xFF], [0x81, 0x01, 0x01], [0xC0, 0xC0], [0xD9], [0xCB, 0]] as [[UInt8]])
    func otherBytesAreRefused(_ bytes: [UInt8]) {
        #expect(#expect(throws: BodyError.self) { try self.read(bytes) }?.code == .malformed)
    }

    @Test func valuesWithoutAFormAreRefused() throws {
        let large = CeleryValue.number(JSONNumber("18446744073709551616")!)
        #expect(#expect(throws: BodyError.self) { try large.messagePack() }?.code == .notEncodable)
        let day = try #require(SpecialValue(.date, "2026-01-02").map(CeleryValue.special))
        #expect(#expect(throws: BodyError.self) { try day.messagePack() }?.code == .notEncodable)
        #expect(#expect(throws: BodyError.self) { try CeleryValue.extended(code: 1, []).json() }?.code == .notEncodable)
    }
}
