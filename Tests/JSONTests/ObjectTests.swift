import JSON
import Testing

@Suite struct ObjectTests {
    @Test(arguments: [3, 100])
    func membersKeepTheirOrder(count: Int) {
        var object = JSONObject()
        for index in 0..<count { object["key \(index)"] = .number(JSONNumber(index)) }
        object["key 1"] = "changed"
        object["key 0"] = nil
        object["missing"] = nil
        #expect(object.keys == (1..<count).map { "key \($0)" })
        #expect(object["key 1"] == "changed")
        #expect(object["key \(count - 1)"] != nil)
        #expect(object["key 0"] == nil)
        object["key 0"] = 0
        #expect(object.last?.key == "key 0")
    }

    @Test func orderDoesNotCountForEquality() {
        let left: JSONObject = ["a": 1, "b": 2]
        let right: JSONObject = ["b": 2, "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1, "b": 3])
        #expect(left != ["a": 1])
    }

    @Test(arguments: [0, 50])
    func keysAreComparedByteForByte(others: Int) throws {
        var object = JSONObject()
        for index in 0..<others { object["\(index)"] = true }
        object["\u{E9}"] = "composed"
        object["e\u{301}"] = "decomposed"
        #expect(object.count == others + 2)
        #expect(object["\u{E9}"] == "composed")
        #expect(object["e\u{301}"] == "decomposed")
    }

    @Test func valuesAreWrittenAsLiterals() {
        let value: JSONValue = ["n": nil, "b": true, "i": -3, "d": 0.5, "s": "x", "a": [1, "2"], "o": [:]]
        #expect(value.description == #"{"n":null,"b":true,"i":-3,"d":0.5,"s":"x","a":[1,"2"],"o":{}}"#)
        #expect(value["a"] == [1, "2"])
        #expect(value["missing"] == nil)
        #expect(JSONValue.null["n"] == nil)
    }
}
