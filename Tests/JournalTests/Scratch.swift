import Glibc
import Syscalls
import Testing

@testable import Journal

/// A directory of its own for each test, gone afterwards.
struct Scratch: ~Copyable {
    let directory: String
    var journal: String { self.directory + "/journal" }

    init() {
        var template = Array("/tmp/journal-XXXXXX".utf8CString)
        self.directory = String(cString: mkdtemp(&template))
    }

    deinit {
        unlink(self.directory + "/journal")
        rmdir(self.directory)
    }
}

/// The content of a file.
func content(of path: String) -> [UInt8] {
    let file = fopen(path, "r")!
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return bytes
}

/// Makes `bytes` the whole content of a file.
func write(_ bytes: some Collection<UInt8>, to path: String) {
    let file = fopen(path, "w")!
    for byte in bytes { putc(CInt(byte), file) }
    fclose(file)
}

/// The lines of a file.
func lines(of path: String) -> [String] {
    String(decoding: content(of: path), as: UTF8.self).split(separator: "\n").map(String.init)
}

/// An outcome as the run prints it.
func outcome(_ id: Int) -> ArraySlice<UInt8> { Array(#"{"id":\#(id),"state":"success"}"#.utf8)[...] }

/// An outcome whose result, a text of so many bytes, lies in a file.
func largeOutcome(bytes: Int) throws -> (outcome: ArraySlice<UInt8>, large: Journal.LargeValue) {
    let file = try SpoolFile()
    let text = Array("\"".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: bytes - 2) + Array("\"".utf8)
    try text.withUnsafeBytes { try file.write($0, at: 0) }
    let outcome = Array(#"{"id":2,"result":null,"state":"success"}"#.utf8)[...]
    return (outcome, Journal.LargeValue(place: 17..<21, content: .file(file, 0..<bytes)))
}

/// What opening a journal throws.
func openingFails(_ path: String, inputs: [String] = ["-"]) -> JournalError? {
    do {
        _ = try Journal(path: path, inputs: inputs)
        return nil
    } catch {
        return error
    }
}
