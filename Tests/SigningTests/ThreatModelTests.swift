import Foundation
import Testing

/// The pages that say which test shows what name tests that there are.
@Suite struct ThreatModelTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: self.root.appending(path: path), encoding: .utf8)
    }

    /// All test files' texts.
    private static let tests: [String] = {
        let directory = root.appending(path: "Tests")
        let paths = FileManager.default.enumerator(atPath: directory.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") }.compactMap { try? text("Tests/\($0)") }
    }()

    @Test(arguments: ["docs/threat-model.md", "docs/reliability.md", "docs/invariants.md"])
    func everyTestThatThePageNamesExists(path: String) throws {
        let page = try Self.text(path)
        let names = page.matches(of: /`([A-Z]\w*Tests)(?:\.(\w+))?`/)
        #expect(names.count > 30)
        for name in names {
            let (suite, function) = (String(name.1), name.2.map(String.init))
            let exists = Self.tests.contains { text in
                text.contains("struct \(suite)") && function.map { text.contains("func \($0)(") } ?? true
            }
            #expect(exists, "\(name.0)")
        }
    }

    @Test func pageOnSignaturesHasTheModuleThatIsTested() throws {
        let module = try Self.text("Tests/Fixtures/peer/celeriac_signing.py")
        #expect(try Self.text("docs/signing.md").contains("```python\n\(module)```"))
    }
}
