import Testing

@testable import Redis

@Suite struct RedisURLTests {
    struct Good: Sendable, CustomTestStringConvertible {
        let text: String
        var place = RedisURL.Place.host("h", port: 6379)
        var user: String?
        var password: String?
        var database = 0
        var options: [String: String] = [:]
        var masked = "redis://h:6379/0"
        var testDescription: String { self.text }
    }

    static let good = [
        Good(text: "redis://h"),
        Good(text: "redis://h/"),
        Good(text: "redis://h:1", place: .host("h", port: 1), masked: "redis://h:1/0"),
        Good(text: "redis://h:65535/7", place: .host("h", port: 65535), database: 7, masked: "redis://h:65535/7"),
        Good(text: "redis://h?db=3", database: 3, masked: "redis://h:6379/3"),
        Good(text: "redis://h/2?virtual_host=4", database: 4, masked: "redis://h:6379/4"),
        Good(text: "redis://h?a=b%20c&d", options: ["a": "b c", "d": ""]),
        Good(text: "redis://[::1]:70/1", place: .host("::1", port: 70), database: 1, masked: "redis://[::1]:70/1"),
        Good(text: "redis://[fe80::2]", place: .host("fe80::2", port: 6379), masked: "redis://[fe80::2]:6379/0"),
        Good(text: "redis://:pw@h", password: "pw", masked: "redis://:**@h:6379/0"),
        Good(text: "redis://u:pw@h", user: "u", password: "pw", masked: "redis://u:**@h:6379/0"),
        Good(text: "redis://u@h", user: "u", masked: "redis://u@h:6379/0"),
        Good(text: "redis://u:@h", user: "u", masked: "redis://u@h:6379/0"),
        Good(text: "redis://:@h"),
        Good(text: "redis://:a%40b%2fc%25@h", password: "a@b/c%", masked: "redis://:**@h:6379/0"),
        Good(text: "redis://:a/b@c@h/1", password: "a/b@c", database: 1, masked: "redis://:**@h:6379/1"),
        Good(text: "redis://:p:q@h", password: "p:q", masked: "redis://:**@h:6379/0"),
        Good(text: "redis://:%zz%+f%4@h", password: "%zz%+f%4", masked: "redis://:**@h:6379/0"),
        Good(text: "redis://:%C3%A4@h", password: "ä", masked: "redis://:**@h:6379/0"),
        Good(
            text: "redis+socket:///run/r.sock", place: .socket(path: "/run/r.sock"),
            masked: "redis+socket:///run/r.sock?virtual_host=0"),
        Good(
            text: "redis+socket:///run/a@b.sock?virtual_host=2", place: .socket(path: "/run/a@b.sock"), database: 2,
            masked: "redis+socket:///run/a@b.sock?virtual_host=2"),
        Good(
            text: "unix://u:pw@/r%20s?db=5", place: .socket(path: "/r s"), user: "u", password: "pw", database: 5,
            masked: "redis+socket://u:**@/r s?virtual_host=5"),
    ]

    @Test(arguments: good) func aURLIsRead(_ good: Good) throws {
        let url = try RedisURL(good.text)
        #expect(url.place == good.place)
        #expect(url.user == good.user)
        #expect(url.password == good.password)
        #expect(url.database == good.database)
        #expect(url.options == good.options)
        #expect(!url.usesTLS)
        #expect(url.masked == good.masked)
    }

    @Test(
        arguments: [
            ("", .scheme, ""), ("h:6379", .scheme, "h"), ("http://h", .scheme, "http"), ("redis:/h", .host, ""),
            ("redis://", .host, ""), ("redis:///3", .host, ""), ("redis://:1", .host, ""), ("redis://[]", .host, ""),
            ("redis://h:", .port, ""), ("redis://h:0", .port, "0"), ("redis://h:65536", .port, "65536"),
            ("redis://h/x", .database, "x"), ("redis://h/-1", .database, "-1"), ("redis://h/1/2", .database, "1/2"),
            ("redis://h?db=x", .database, "x"), ("unix://h?db=1.5", .database, "1.5"),
            ("redis+socket://", .path, ""), ("redis+socket:///", .path, "/"),
        ] as [(String, RedisURLError.Part, String)])
    func whatIsWrongIsNamed(_ text: String, _ part: RedisURLError.Part, _ found: String) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(text) }
        #expect(error?.part == part)
        #expect(error?.found == found)
    }

    /// Places where a secret ends up when something is missing or not encoded.
    @Test(arguments: [
        "redis://user:secret", "user:secret@h", "secret@h", ":secret@h:1", "redis://:secret", "redis://:secret?1@h",
        "rediss://u:secret@:1", "redis://u:secret@h:x", "redis://u:secret@h/x", "redis+socket://u:secret@/",
    ]) func noErrorShowsAPassword(_ text: String) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(text) }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.found.contains("secret") == false)
    }

    @Test func encryptionIsAskedForByTheScheme() throws {
        let url = try RedisURL("rediss://u:pw@h/1")
        #expect(url.usesTLS)
        #expect(url.masked == "rediss://u:**@h:6379/1")
    }
}
