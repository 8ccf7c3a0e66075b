import Testing

@testable import Configuration

struct KeyLocatorTests {
    @Test(arguments: [
        ("a = 1", ["a"], 1, 1, 5),
        ("[t]\na = 1", ["t", "a"], 2, 1, 5),
        ("[t]\n  a\t=\t 1", ["t", "a"], 2, 3, 8),
        ("[ t . u ]\na = 1", ["t", "u", "a"], 2, 1, 5),
        ("t.u.a = 1", ["t", "u", "a"], 1, 5, 9),
        ("t . \"u\" . 'a' = 1", ["t", "u", "a"], 1, 11, 17),
        ("[t.\"video.*\"]\na = 1", ["t", "video.*", "a"], 2, 1, 5),
        ("[t.'x = [1]']\na = 1", ["t", "x = [1]", "a"], 2, 1, 5),
        ("[t.\"a\\u0062\\\"\"]\nc = 1", ["t", "ab\"", "c"], 2, 1, 5),
        ("# a = 0\na = 1 # a = 2", ["a"], 2, 1, 5),
        ("b = \"a = 0 # \\\" \"\na = 1", ["a"], 2, 1, 5),
        ("b = '\\'\na = 1", ["a"], 2, 1, 5),
        ("b = \"\"\na = 1", ["a"], 2, 1, 5),
        ("b = \"\"\"\na = 0\n[t]\n\"\" \\\"\"\" \"\"\"\na = 1", ["a"], 5, 1, 5),
        ("b = \"\"\"x\"\"\"\"\"\na = 1", ["a"], 2, 1, 5),
        ("b = '''\n\\'''\na = 1", ["a"], 3, 1, 5),
        ("b = '''''x'''''\na = 1", ["a"], 2, 1, 5),
        ("b = \"\"\"x \\\n   a = 0\"\"\"\na = 1", ["a"], 3, 1, 5),
        ("b = [\n  \"]\", # ]\n  'a = 0', [1, 2],\n]\na = 1", ["a"], 5, 1, 5),
        ("b = { c = \"}\", d = [{ a = 0 }] }\na = 1", ["a"], 2, 1, 5),
        ("b = { c.a = 1 }", ["b", "c", "a"], 1, 9, 13),
        ("b = {}\nd = []\na = 1", ["a"], 3, 1, 5),
        ("t = { u = { a = 1 }, v = { a = 2 } }", ["t", "v", "a"], 1, 28, 32),
        ("d = 1979-05-27 07:32:00\na = 1", ["a"], 2, 1, 5),
        ("d = +1e-3\r\na = 1\r\n", ["a"], 2, 1, 5),
        ("\u{FEFF}a = 1", ["a"], 1, 1, 5),
        ("\"é👍\" = 'é👍'\n\"👩‍👩‍👧\".a = 1", ["👩‍👩‍👧", "a"], 2, 9, 13),
        ("[t]\n[u]\na = 0\n[t.v]\na = 1", ["t", "v", "a"], 5, 1, 5),
        ("[t.a.b]\n[t]\na.c = 1", ["t", "a", "c"], 3, 3, 7),
        ("\"\" = 0\n[t.\"\"]\na = 1", ["t", "", "a"], 3, 1, 5),
        ("1.2 = 3", ["1", "2"], 1, 3, 7),
    ])
    func keysAndValuesAreFoundWhereTheyStand(text: String, path: [String], line: Int, key: Int, value: Int) {
        let locator = KeyLocator(text)
        let steps = path.map(KeyLocator.Step.key)
        #expect(locator.key(at: steps) == SourcePosition(line: line, column: key))
        #expect(locator.value(at: steps) == SourcePosition(line: line, column: value))
    }

    @Test func elementsOfArraysAreFound() {
        let locator = KeyLocator("a = [ 'x', # ','\n  [1, 2], { b = 3 },\n]")
        #expect(locator.value(at: [.key("a"), .index(0)]) == SourcePosition(line: 1, column: 7))
        #expect(locator.value(at: [.key("a"), .index(1)]) == SourcePosition(line: 2, column: 3))
        #expect(locator.value(at: [.key("a"), .index(1), .index(1)]) == SourcePosition(line: 2, column: 7))
        #expect(locator.key(at: [.key("a"), .index(2), .key("b")]) == SourcePosition(line: 2, column: 13))
        #expect(locator.value(at: [.key("a"), .index(3)]) == nil)
    }

    @Test func arraysOfTablesAreCounted() {
        let locator = KeyLocator("[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\nx = 3\n[[a.c]]\nx = 4")
        func line(_ steps: [KeyLocator.Step]) -> Int? { locator.key(at: steps)?.line }
        #expect(line([.key("a")]) == 1)
        #expect(line([.key("a"), .index(0), .key("x")]) == 2)
        #expect(line([.key("a"), .index(1), .key("x")]) == 4)
        #expect(line([.key("a"), .index(1), .key("b"), .key("x")]) == 6)
        #expect(line([.key("a"), .index(1), .key("c"), .index(0), .key("x")]) == 8)
        #expect(line([.key("a"), .key("x")]) == nil)
    }

    @Test func tableWithAHeaderStandsAtTheLastPartOfItsName() {
        let locator = KeyLocator("\n  [tasks.'video.*']")
        #expect(locator.value(at: [.key("tasks"), .key("video.*")]) == SourcePosition(line: 2, column: 10))
        #expect(locator.value(at: [.key("tasks")]) == SourcePosition(line: 2, column: 4))
    }

    @Test func escapedNULIsNoticedOnlyInStringsWithEscapes() {
        #expect(KeyLocator("a = 1\nb = \"x\\u0000\"").nulPosition == SourcePosition(line: 2, column: 5))
        #expect(KeyLocator("a = '\\u0000' # \"\\u0000\"\nb = \"\\\\u0000\"").nulPosition == nil)
    }

    @Test(arguments: [
        "[", "[[", "a", "a = [", "a = {", "a = {b", "a = \"", "a = '''", "= =", "]", "}", ",", "a.", "\\", "a = \"\\u",
        "a = [}", "a = {]",
    ])
    func everyTextComesToAnEnd(text: String) {
        _ = KeyLocator(text)
        _ = KeyLocator(text + "\n" + text)
    }

    @Test func everyKeyThatTheLibraryReadsIsFound() throws {
        let text = #"""
            # [a]
            title = "x = [y]" # "
            [ owner . 'na.me' ] # ]
            dob = 1979-05-27T07:32:00-08:00
            "quoted \"key\"" = { first = "T", nested.deep = [ { x = 1, y = [ 2, 3 ] }, ] }
            [database]
            ports = [ 8000,
              8001, # 8002 ]
            ]
            text = """
            [not.a.table]
            key = 1 \
               """
            literal = '\'
            temp_targets = { cpu = 79.5, case = 0x48 }
            [[products]]
            name = "Hammer"
            [[products]]
            [products.size]
            w = -inf
            [[products]]
            name.first = """""Nail"""""
            [database.x]
            y = true
            """#
        let document = try Document(name: "c", text: text)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        var count = 0
        func check(_ node: Node) {
            switch node.value {
            case .table(let entries): entries.forEach(check)
            case .array(let nodes): nodes.forEach(check)
            case .string, .integer, .boolean, .float, .other: break
            }
        }
        func check(_ entry: Node.Entry) {
            guard case .file(_, let position) = entry.keySource else { return }
            let rest = String(String.UnicodeScalarView(lines[position.line - 1][(position.column - 1)...]))
            #expect(rest.hasPrefix(entry.key) || rest.hasPrefix(keyText(entry.key)) || rest.hasPrefix("'\(entry.key)'"))
            count += 1
            check(entry.node)
        }
        document.entries.forEach(check)
        #expect(count == 25)
    }
}
