import Testing

@testable import Configuration

struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "a.b", true), ("?", "", false), ("?", "a", true), ("?", "ab", false),
        ("video.*", "video.", true), ("video.*", "video.cut", true), ("video.*", "video", false),
        ("*.cut", "video.cut", true), ("*.cut", "video.cuts", false),
        ("v?deo.*", "video.a.b", true), ("v?deo.*", "vdeo.a", false),
        ("a*b*c", "abc", true), ("a*b*c", "axxbyybzzc", true), ("a*b*c", "acb", false),
        ("**", "x", true), ("*a*", "bab", true), ("*aab", "aaaab", true), ("*?", "", false), ("*?*?", "ab", true),
        ("é?", "éa", true), ("?", "👍", true), ("a.c", "abc", false),
    ])
    func patternMatchesExactlyTheNamesThatItSays(pattern: String, name: String, matches: Bool) throws {
        #expect(try #require(Glob(pattern)).matches(name.unicodeScalars) == matches)
    }

    @Test func namesWithoutWildcardsAreNoPatterns() {
        #expect(!Glob.isPattern("video.cut"))
        #expect(Glob.isPattern("video.*"))
        #expect(Glob.isPattern("vide?"))
    }

    @Test func everyCharacterOfTheNameIsLookedAtOnce() throws {
        let glob = try #require(Glob(String(repeating: "a*", count: 60) + "b"))
        var looks = 0
        let name = (0..<10_000).lazy.map { _ -> Unicode.Scalar in
            looks += 1
            return "a"
        }
        #expect(!glob.matches(name))
        #expect(looks == 10_000)
    }

    @Test func patternOfTheGreatestLengthMatchesAndALongerOneIsRefused() throws {
        let text = String(repeating: "a", count: Glob.maximumLength)
        let glob = try #require(Glob("*" + text + "*"))
        #expect(glob.matches(("b" + text + "b").unicodeScalars))
        #expect(!glob.matches(text.dropLast().unicodeScalars))
        #expect(Glob(text + "?") == nil)
    }

    @Test func literalCharactersMakeAPatternSpecific() {
        #expect(Glob("*")?.literalCount == 0)
        #expect(Glob("v?deo.*")?.literalCount == 5)
    }
}
