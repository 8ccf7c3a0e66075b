import JSON
import Testing

@Suite struct ScannerTests {
    private func slice(_ text: String) -> ArraySlice<UInt8> {
        // Not at the start of its array, so that indices and offsets differ.
        (Array("[[[".utf8) + Array(text.utf8) + Array("]".utf8)).dropFirst(3).dropLast()
    }

    @Test func membersComeAsSlices() throws {
        let bytes = self.slice(#" { "a" : [1, {"x":2}] , "b\n":"t\u0041","c":-1.5e3, "d":null,"e":false, "a":{} } "#)
        var scanner = JSONScanner(bytes)
        try scanner.enterObject()
        var seen: [String] = []
        while let (key, value) = try scanner.nextMember().map({ ($0.key, $0.value) }) {
            seen.append("\(key.string)=\(value.kind):\(String(decoding: value.bytes, as: UTF8.self))")
            #expect(bytes[value.bytes.indices] == value.bytes)
        }
        try scanner.finish()
        #expect(scanner.offset == bytes.count)
        #expect(
            seen == [
                #"a=array:[1, {"x":2}]"#, "b\n=string:\"t\\u0041\"", "c=number:-1.5e3", "d=null:null", "e=bool:false",
                "a=object:{}",
            ]
        )
    }

    @Test func elementsComeAsSlices() throws {
        var scanner = JSONScanner(self.slice("[1,\"x\", [ ] ]"))
        try scanner.enterArray()
        #expect(try scanner.nextElement()?.number?.asInt == 1)
        #expect(try scanner.nextElement()?.text?.string == "x")
        #expect(try scanner.nextElement()?.kind == .array)
        #expect(try scanner.nextElement() == nil)
        try scanner.finish()
    }

    @Test func emptyContainersHaveNothing() throws {
        var object = JSONScanner(self.slice("{ }"))
        try object.enterObject()
        #expect(try object.nextMember() == nil)
        try object.finish()
        var array = JSONScanner(self.slice("[]"))
        try array.enterArray()
        #expect(try array.nextElement() == nil)
        try array.finish()
    }

    @Test func scalarsAreRead() throws {
        #expect(try JSONSlice(validating: self.slice("true")).bool == true)
        #expect(try JSONSlice(validating: self.slice(" false ")).bool == false)
        #expect(try JSONSlice(validating: self.slice("1")).bool == nil)
        #expect(try JSONSlice(validating: self.slice("1")).text == nil)
        #expect(try JSONSlice(validating: self.slice("\"1\"")).number == nil)
        #expect(try JSONSlice(validating: self.slice("1.50")).number?.description == "1.50")
    }

    @Test func textsAreComparedWithoutBuildingThem() throws {
        func isTask(_ json: String) throws -> Bool {
            switch try #require(try JSONSlice(validating: self.slice(json)).text) {
            case "task": true
            default: false
            }
        }
        #expect(try isTask(#""task""#))
        #expect(try isTask(#""t\u0061sk""#))
        #expect(try !isTask(#""tasks""#))
        #expect(try !isTask(#""""#))
    }

    @Test func textIsWrittenAsItWas() throws {
        var buffer: [UInt8] = []
        try #require(try JSONSlice(validating: self.slice(#""a\/b""#)).text).write(into: &buffer)
        #expect(buffer == Array(#""a\/b""#.utf8))
    }

    @Test(arguments: [
        ("[1]", JSONError.Code.wrongKind, 0), (" 1", .wrongKind, 1), ("", .unexpectedEnd, 0),
        ("{\"a\":1", .unexpectedEnd, 6), ("{\"a\":1,}", .unexpectedByte, 7), ("{,}", .unexpectedByte, 1),
        ("{\"a\":1}x", .trailingBytes, 7), ("{\"a\" 1}", .unexpectedByte, 5),
    ])
    func errorsCountFromTheStartOfTheSlice(text: String, code: JSONError.Code, offset: Int) {
        #expect(throws: JSONError(code, at: offset)) {
            var scanner = JSONScanner(self.slice(text))
            try scanner.enterObject()
            while try scanner.nextMember() != nil {}
            try scanner.finish()
        }
    }

    @Test func depthCountsTheContainerThatWasEntered() throws {
        var scanner = JSONScanner(self.slice("[[[1]]]"), limits: JSONLimits(maxDepth: 2))
        try scanner.enterArray()
        #expect(throws: JSONError(.tooDeep, at: 2)) { try scanner.nextElement() }
    }
}
