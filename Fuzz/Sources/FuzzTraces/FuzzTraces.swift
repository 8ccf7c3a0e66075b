import ParserExercises

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    ParserExercise.traces.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
