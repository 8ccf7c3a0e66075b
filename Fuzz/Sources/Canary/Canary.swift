/// A planted bug. A fuzzer that does not find it within seconds is not looking: the build lost its instrumentation.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    if count > 3, bytes[0] == 0x43, bytes[1] == 0x65, bytes[2] == 1, bytes[3] == 0x83 {
        fatalError("The canary was found, as it must be.")
    }
    return 0
}
