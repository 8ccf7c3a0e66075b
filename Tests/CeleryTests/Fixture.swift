import Foundation
import Testing

/// Captured traffic, one message or document per file.
struct Fixture: CustomTestStringConvertible, Sendable {
    /// Folder and file.
    let name: String
    let bytes: [UInt8]

    var testDescription: String { self.name }
    var slice: ArraySlice<UInt8> { self.bytes[...] }
    var text: String { String(decoding: self.bytes, as: UTF8.self) }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/celery")

    static func named(_ name: String) throws -> Fixture {
        Fixture(name: name, bytes: Array(try Data(contentsOf: self.root.appending(path: name))))
    }

    /// All files of a folder whose names end in one of the endings.
    static func all(in folder: String, endings: [String] = [".json"]) -> [Fixture] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: self.root.appending(path: folder).path)) ?? []
        return names.sorted().filter { name in endings.contains { name.hasSuffix($0) } }
            .compactMap { try? self.named("\(folder)/\($0)") }
    }

    /// Every captured message.
    static let messages =
        Fixture.all(in: "messages") + Fixture.all(in: "canvas").filter { $0.name.contains("-msg-") }
        + Fixture.all(in: "results").filter { $0.name.contains("rpc-message") }

    /// Every captured result document in JSON.
    static let results =
        Fixture.all(in: "results").filter { !$0.name.contains("group-saved") && !$0.name.contains("rpc-message") }
        + Fixture.all(in: "canvas").filter { $0.name.contains("-result-") }
}
