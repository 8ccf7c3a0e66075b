import Configuration

/// Configuration files: any text loads or is refused with errors that have a place; units and templates included.
func exerciseConfiguration(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    do {
        let settings = try Settings.load(file: (name: "fuzz.toml", text: text), processors: 2)
        _ = settings.explanation().text
    } catch {
        precondition(!error.errors.isEmpty, "A refusal has a reason.")
    }
}
