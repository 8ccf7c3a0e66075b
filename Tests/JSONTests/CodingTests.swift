import FoundationEssentials
import JSON
import Testing

@Suite struct CodingTests {
    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONCoder.decode(type, from: Array(text.utf8))
    }

    private func encode(_ value: some Encodable) throws -> String {
        var buffer: [UInt8] = []
        try JSONCoder.encode(value, into: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    private func roundTrip<Value: Codable & Equatable>(_ value: Value, _ text: String) throws {
        #expect(try self.encode(value) == text)
        #expect(try self.decode(Value.self, text) == value)
    }

    @Test func scalarsAndListsRoundTrip() throws {
        try self.roundTrip(7, "7")
        try self.roundTrip("é\n", #""é\n""#)
        try self.roundTrip(true, "true")
        try self.roundTrip(0.1, "0.1")
        try self.roundTrip(Float(0.1), "0.1")
        try self.roundTrip([2, 3], "[2,3]")
        try self.roundTrip(["a", "b"], #"["a","b"]"#)
        try self.roundTrip([true, false], "[true,false]")
        try self.roundTrip([0.5, 1], "[0.5,1.0]")
        try self.roundTrip([Int](), "[]")
        try self.roundTrip([[1], [], [2, 3]], "[[1],[],[2,3]]")
        try self.roundTrip([1, nil, 3], "[1,null,3]")
        try self.roundTrip(Int?.none, "null")
        try self.roundTrip(Int?.some(1), "1")
        try self.roundTrip(Set([5]), "[5]")
        #expect(try self.decode([Double].self, "[1,2.5]") == [1, 2.5])
        #expect(try self.decode(Double.self, "3") == 3)
    }

    @Test func everyIntegerWidthKeepsItsBounds() throws {
        func check<Integer: FixedWidthInteger & Codable>(_ type: Integer.Type) throws {
            try self.roundTrip(Integer.max, "\(Integer.max)")
            try self.roundTrip(Integer.min, "\(Integer.min)")
            try self.roundTrip([Integer.min, .max], "[\(Integer.min),\(Integer.max)]")
            for text in ["\(Integer.max)0", "-\(Integer.max)0", "1.0", "1e1"] {
                #expect(throws: DecodingError.self) { try self.decode(type, text) }
                #expect(throws: DecodingError.self) { try self.decode([Integer].self, "[\(text)]") }
            }
            #expect(throws: DecodingError.self) { try self.decode(type, "\"1\"") }
            #expect(throws: DecodingError.self) { try self.decode(type, "true") }
        }
        try check(Int.self)
        try check(Int8.self)
        try check(Int16.self)
        try check(Int32.self)
        try check(Int64.self)
        try check(Int128.self)
        try check(UInt.self)
        try check(UInt8.self)
        try check(UInt16.self)
        try check(UInt32.self)
        try check(UInt64.self)
        try check(UInt128.self)
    }

    struct Resize: Codable, Equatable {
        var source: String
        var width: Int32?
        var quality = 0.5
        var formats: [Format] = []
        var crop: Crop?

        struct Crop: Codable, Equatable {
            var left: UInt16
            var top: UInt16
        }

        enum Format: String, Codable { case webp, jpeg }
    }

    @Test func structuresRoundTrip() throws {
        let plain = Resize(source: "a.jpg")
        try self.roundTrip(plain, #"{"source":"a.jpg","quality":0.5,"formats":[]}"#)
        let full = Resize(source: "a", width: 9, quality: 1, formats: [.webp, .jpeg], crop: .init(left: 1, top: 2))
        try self.roundTrip(
            full,
            #"{"source":"a","width":9,"quality":1.0,"formats":["webp","jpeg"],"crop":{"left":1,"top":2}}"#
        )
        #expect(
            try self.decode(Resize.self, #"{"source":"a","width":null,"quality":1,"formats":[],"extra":[{}]}"#).width
                == nil
        )
    }

    enum Shape: Codable, Equatable {
        case dot
        case circle(radius: Double)
        case line(Int, to: Int)
        indirect case group([Shape])
    }

    @Test func enumsWithPayloadRoundTrip() throws {
        try self.roundTrip(Shape.dot, #"{"dot":{}}"#)
        try self.roundTrip(Shape.circle(radius: 1.5), #"{"circle":{"radius":1.5}}"#)
        try self.roundTrip(Shape.line(1, to: 2), #"{"line":{"_0":1,"to":2}}"#)
        try self.roundTrip(Shape.group([.dot, .group([])]), #"{"group":{"_0":[{"dot":{}},{"group":{"_0":[]}}]}}"#)
        #expect(throws: DecodingError.self) { try self.decode(Shape.self, #"{"square":{}}"#) }
    }

    @Test func dictionariesRoundTrip() throws {
        try self.roundTrip(["a": 1], #"{"a":1}"#)
        try self.roundTrip([7: "x"], #"{"7":"x"}"#)
        let many = Dictionary(uniqueKeysWithValues: (0..<100).map { ("\($0)", [$0]) })
        #expect(try JSONCoder.decode([String: [Int]].self, from: JSONCoder.encode(many)) == many)
        #expect(throws: DecodingError.self) { try self.decode([Int: Int].self, #"{"x":1}"#) }
    }

    class Animal: Codable {
        var name = "cat"
    }

    final class Pet: Animal {
        var owner = "Ada"
        enum CodingKeys: CodingKey { case owner }

        override init() { super.init() }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.owner = try container.decode(String.self, forKey: .owner)
            try super.init(from: container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.owner, forKey: .owner)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test func superclassesRoundTrip() throws {
        #expect(try self.encode(Pet()) == #"{"owner":"Ada","super":{"name":"cat"}}"#)
        let pet = try self.decode(Pet.self, #"{"owner":"Bob","super":{"name":"dog"}}"#)
        #expect(pet.owner == "Bob" && pet.name == "dog")
    }

    /// Uses every way to nest containers, and writes to them out of order.
    struct Nested: Codable, Equatable {
        enum Key: CodingKey { case object, array, later, base }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            var object = container.nestedContainer(keyedBy: Key.self, forKey: .object)
            var array = container.nestedUnkeyedContainer(forKey: .array)
            try container.encode(1, forKey: .later)
            try object.encodeNil(forKey: .later)
            try array.encodeNil()
            var inner = array.nestedContainer(keyedBy: Key.self)
            var list = array.nestedUnkeyedContainer()
            try inner.encode("x", forKey: .later)
            try list.encode(2)
            try [3].encode(to: array.superEncoder())
            try 4.encode(to: container.superEncoder(forKey: .base))
            #expect(array.count == 4)
            #expect(inner.codingPath.map(\.stringValue) == ["array", "Index 1"])
        }

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            let object = try container.nestedContainer(keyedBy: Key.self, forKey: .object)
            var array = try container.nestedUnkeyedContainer(forKey: .array)
            #expect(try object.decodeNil(forKey: .later))
            #expect(container.contains(.base) && container.allKeys.count == 4)
            #expect(array.count == 4)
            #expect(try array.decodeNil())
            #expect(try !array.decodeNil())
            #expect(try array.nestedContainer(keyedBy: Key.self).decode(String.self, forKey: .later) == "x")
            var list = try array.nestedUnkeyedContainer()
            #expect(try list.decode(Int.self) == 2)
            #expect(list.isAtEnd)
            #expect(throws: DecodingError.self) { try list.decode(Int.self) }
            #expect(try [Int](from: array.superDecoder()) == [3])
            #expect(try Int(from: container.superDecoder(forKey: .base)) == 4)
        }
    }

    @Test func nestedContainersRoundTrip() throws {
        try self.roundTrip(
            Nested(),
            #"{"object":{"later":null},"array":[null,{"later":"x"},[2],[3]],"later":1,"base":4}"#
        )
    }

    @Test(arguments: [
        (#"{}"#, "", "There is no key \"source\"."),
        (#"{"source":1}"#, "source", "Expected String, found number."),
        (#"{"source":null}"#, "source", "Expected String, found null."),
        (#"{"source":"a","width":"9"}"#, "width", "Expected Int32, found string."),
        (#"{"source":"a","width":2147483648}"#, "width", "The number 2147483648 does not fit Int32."),
        (#"{"source":"a","quality":1e999}"#, "quality", "The number 1e999 does not fit Double."),
        (#"{"source":"a","quality":1,"formats":["webp",1]}"#, "formats.Index 1", "Expected String, found number."),
        (
            #"{"source":"a","quality":1,"formats":[],"crop":{"left":1,"top":-1}}"#, "crop.top",
            "The number -1 does not fit UInt16."
        ),
        (
            #"{"source":"a","quality":1,"formats":[],"crop":[]}"#, "crop",
            "Expected Dictionary<String, Any>, found array."
        ),
        (#"[]"#, "", "Expected Dictionary<String, Any>, found array."),
    ])
    func errorsSayWhereAndWhy(text: String, path: String, message: String) {
        do {
            _ = try self.decode(Resize.self, text)
            Issue.record("accepted \(text)")
        } catch let error as DecodingError {
            let context = error.context
            #expect(context.codingPath.map(\.stringValue).joined(separator: ".") == path)
            #expect(context.debugDescription == message)
        } catch { Issue.record("\(error)") }
    }

    @Test func malformedBytesAreAJSONError() {
        #expect(throws: JSONError(.unexpectedEnd, at: 1)) { try self.decode(Int.self, "[") }
    }

    @Test func foundationTypesHaveTheirForms() throws {
        try self.roundTrip(Date(timeIntervalSince1970: 1_772_368_200.25), #""2026-03-01T12:30:00.25Z""#)
        try self.roundTrip([Data([1, 2, 255])], #"["AQL/"]"#)
        try self.roundTrip(["u": URL(string: "https://example.org/a?b=c")!], #"{"u":"https://example.org/a?b=c"}"#)
        try self.roundTrip(
            UUID(uuidString: "6A2B7C9E-1234-4BCD-9ABC-0123456789AB")!,
            #""6A2B7C9E-1234-4BCD-9ABC-0123456789AB""#
        )
        try self.roundTrip(Decimal(string: "123456789.000000001")!, "123456789.000000001")
        #expect(throws: DecodingError.self) { try self.decode(Date.self, "\"soon\"") }
        #expect(throws: DecodingError.self) { try self.decode(Date.self, "1") }
        #expect(throws: DecodingError.self) { try self.decode(Data.self, "\"?\"") }
        #expect(throws: DecodingError.self) { try self.decode(UUID.self, "\"1\"") }
        #expect(throws: DecodingError.self) { try self.decode(Decimal.self, "\"1\"") }
        #expect(throws: EncodingError.self) { try self.encode(Decimal.nan) }
        #expect(throws: EncodingError.self) { try self.encode(Date(timeIntervalSince1970: .infinity)) }
    }

    @Test func whatJSONCannotHoldIsAnError() throws {
        struct Nothing: Encodable { func encode(to encoder: any Encoder) {} }
        var buffer = Array("kept".utf8)
        #expect(throws: EncodingError.self) { try JSONCoder.encode([1, Double.nan], into: &buffer) }
        #expect(throws: EncodingError.self) { try JSONCoder.encode(Float.infinity) }
        #expect(throws: EncodingError.self) { try JSONCoder.encode(Nothing()) }
        #expect(buffer == Array("kept".utf8))
    }

    @Test func jsonInsideAStructureIsLossless() throws {
        struct Envelope: Codable, Equatable {
            var body: JSONValue
            var more: [JSONValue]
            var none: JSONValue?
        }
        let text = #"{"body":{"z":1.10,"a":[12345678901234567890123,null]},"more":[-0,"x",null]}"#
        #expect(try self.encode(try self.decode(Envelope.self, text)) == text)
    }

    @Test func otherCodersTakeJSON() throws {
        let value: JSONValue = ["a": [1, 0.5, "x", true, nil], "big": .number(JSONNumber(UInt64.max))]
        let data = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: data) == value)
    }
}

extension DecodingError {
    fileprivate var context: Context {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context
        @unknown default: fatalError("A new kind of DecodingError.")
        }
    }
}
