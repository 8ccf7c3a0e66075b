import RemoteControl
import Testing

struct NodePatternTests {
    @Test(arguments: [
        ("w*@*", "w1@host", true), ("w?@host", "w1@host", true), ("w?@host", "w12@host", false),
        ("w[12]@host", "w1@host", true), ("w[!12]@host", "w1@host", false), ("w[a-z]@host", "wq@host", true),
        ("w[", "w[", true), ("", "", true), ("*", "", true), ("W1@host", "w1@host", false), ("w1", "w1@host", false),
        ("w1@host.example", "w1@hostxexample", false), ("*a*a*a*a*a*a*b", String(repeating: "a", count: 90), false),
    ])
    func shellPatternsMatchWholeNames(pattern: String, name: String, matches: Bool) throws {
        #expect(try NodePattern(pattern, .glob).matches(name) == matches)
    }

    @Test(arguments: [
        ("w", "w1@host", true), ("1@", "w1@host", false), ("w\\d+@host$", "w12@host", true), ("w1$", "w1@host", false),
        ("(web|db)-[0-9]{2}@", "db-07@x", true), ("(web|db)-[0-9]{2}@", "db-7@x", false), ("", "w", true),
        ("(?:a|b)*c", "ababc", true), ("(?P<kind>w).@", "w1@host", true), ("w.?@", "w@host", true),
        ("w{2,3}@", "wwww@", false), ("w{,2}@", "ww@", true), ("w+?@", "www@", true), ("[^w]", "w1", false),
        ("[\\w.-]+@", "a.b-c_1@x", true), ("w\\b1", "w1", false), ("w{x", "w{x", true), ("\\Aw1\\Z", "w1", true),
        ("a||b", "x", true),
    ])
    func regularExpressionsMatchTheBeginning(pattern: String, name: String, matches: Bool) throws {
        #expect(try NodePattern(pattern, .pcre).matches(name) == matches)
    }

    @Test(arguments: [
        "(", ")", "[", "*", "a**", "(?=a)", "(?!a)", "(a)\\1", "a{2000}", "a++", "[z-a]", "\\", "\\q",
        String(repeating: "(", count: 60), String(repeating: "a", count: 1_001), "(((a{99}){99}){99})",
        "((((){999}){999}){999})",
    ])
    func whatIsNoPatternIsAnError(pattern: String) {
        #expect(throws: ControlError.self) { try NodePattern(pattern, .pcre) }
    }

    /// Patterns that a matcher which goes back would need longer for than the world has existed.
    @Test(arguments: ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)*(.*)*(.*)*x", "(a?){30}a{30}b"])
    func hostilePatternsTakeNoTime(pattern: String) throws {
        let name = String(repeating: "a", count: 60) + "!"
        let start = ContinuousClock.now
        #expect(try NodePattern(pattern, .pcre).matches(name) == false)
        let time = ContinuousClock.now - start
        #expect(time < .seconds(1))
    }
}
