import Foundation
import Testing

@testable import Configuration

struct SettingKeyTests {
    @Test func namesFlagsAndVariablesAreUnique() {
        let names = SettingKey.all.map(\.name)
        let flags = SettingKey.all.compactMap(\.flag) + SettingKey.all.compactMap { $0.shortFlag.map(String.init) }
        let variables = SettingKey.all.compactMap(\.environmentVariable)
        #expect(Set(names).count == names.count)
        #expect(Set(flags).count == flags.count)
        #expect(Set(variables).count == variables.count)
    }

    @Test func flagsAndVariablesFollowFromTheName() {
        #expect(SettingKey.softCPUTime.flag == "soft-cpu-time")
        #expect(SettingKey.softCPUTime.environmentVariable == "CELERIAC_LIMITS_SOFT_CPU_TIME")
        #expect(SettingKey.concurrency.shortFlag == "c")
        #expect(SettingKey.pool.flag == nil)
        #expect(SettingKey.pool.environmentVariable == nil)
    }

    @Test func defaultsAreWrittenAsTheirValuesAre() {
        for key in SettingKey.all where !key.home.isNamed {
            let text = Layer.defaults[key]?.value.description.filter { !"\"[]".contains($0) }
            #expect(text == key.defaultText)
        }
    }

    @Test(arguments: SettingKey.all)
    func documentationHasTheKey(key: SettingKey) throws {
        let section = try #require(
            Self.documentation.components(separatedBy: "\n## `[\(key.home.rawValue)]`").dropFirst().first
        )
        #expect(section.components(separatedBy: "\n## ")[0].contains(Self.row(key) + "\n"))
    }

    @Test func documentationHasNoOtherKeys() {
        let rows = Self.documentation.split(separator: "\n").filter {
            $0.hasPrefix("| `") && $0.components(separatedBy: " | ").count == 5
        }
        #expect(rows.count == SettingKey.all.count)
    }

    @Test func documentationSaysWhatAPoolCanHave() {
        let keys = SettingKey.all.filter { $0.sections.contains(.pools) }.map { "`\($0.name)`" }
        #expect(Self.documentation.contains("Keys: \(keys.joined(separator: ", "))."))
    }

    @Test func examplesInTheDocumentationLoad() {
        let examples = Self.documentation.components(separatedBy: "```toml\n").dropFirst()
        #expect(!examples.isEmpty)
        for example in examples {
            #expect(errors(example.components(separatedBy: "```")[0]) == [])
        }
    }

    private static let documentation: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return (try? String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)) ?? ""
    }()

    /// A key's line in the tables of the documentation.
    private static func row(_ key: SettingKey) -> String {
        func code(_ text: String?) -> String { text.map { "`\($0)`" } ?? "–" }
        let defaultText = key.defaultText.map { text in
            Bool(text) != nil || Int(text) != nil || ["[]", "{}"].contains(text) ? text : quoted(text)
        }
        let cells = [code(key.name), key.typeDescription, code(defaultText), key.meaning, code(key.celery)]
        return "| \(cells.joined(separator: " | ")) |"
    }
}
