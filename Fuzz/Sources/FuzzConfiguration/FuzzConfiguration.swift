import Configuration

/// Configuration files: any text loads or is refused with errors that have a place; units and templates included.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do {
        let settings = try Settings.load(file: (name: "fuzz.toml", text: text), processors: 2)
        _ = settings.explanation().text
    } catch {
        precondition(!error.errors.isEmpty, "A refusal has a reason.")
    }
    return 0
}
