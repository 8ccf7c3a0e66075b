import Foundation
import Testing

@testable import Schedules

struct ZoneTests {
    @Test(arguments: [
        ("UTC0", 0), ("CET-1CEST,M3.5.0,M10.5.0/3", 3_600), ("<+0545>-5:45", 20_700),
        ("NST3:30NDT,M3.2.0,M11.1.0", -12_600),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", 3_600), ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7_200),
        ("EST5EDT,J60,J300/2:30:15", -18_000),
        ("XXX3YYY,59/0,364/167", -10_800),
    ])
    func rulesAreRead(text: String, offset: Int) throws {
        #expect(try #require(PosixZone(text.utf8)).standardOffset == offset)
    }

    @Test(arguments: [
        "", "CET", "C1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0", "CET-25", "<+01-1", "CET-1CEST,J0,J2", "CET-1CEST,366,1", "CET-1x",
        "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0,",
    ])
    func otherTextsAreNoRules(text: String) { #expect(PosixZone(text.utf8) == nil) }

    @Test func aDayWithoutLeapDayIsTheSameDateEachYear() throws {
        let rule = try #require(PosixZone("AAA0BBB,J60/0,J61/0".utf8))
        let starts = [2027, 2028].map {
            rule.changes(from: utc($0, 1, 1).seconds, through: utc($0, 12, 31).seconds)[0].at
        }
        #expect(starts == [utc(2027, 3, 1).seconds, utc(2028, 3, 1).seconds])
    }

    @Test func daysAndDatesAreEachOthersInverse() {
        for days: Int64 in -800_000...800_000 where days % 37 == 0 || (0...1_500).contains(days) {
            #expect(CivilDay(daysSince1970: days).daysSince1970 == days)
        }
        #expect(CivilDay(year: 2000, month: 2, day: 29).daysSince1970 == 11_016)
        #expect(CivilDay(year: 2026, month: 11, day: 24).weekday == 2)
        #expect(WallInstant(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    /// Foundation reads the same database by itself.
    @Test(
        .enabled(if: Database.isThere, "this system has no time-zone database"),
        arguments: [
            "Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "America/Santiago",
            "Asia/Kathmandu", "Asia/Tokyo", "Africa/Cairo", "Asia/Gaza", "America/Sao_Paulo", "Europe/Dublin",
            "Pacific/Apia", "America/Nuuk", "UTC", "Etc/GMT+5", "Asia/Tehran", "Antarctica/Troll",
        ])
    func offsetsAreThoseOfTheSystem(name: String) throws {
        let zone = try Database.zone(name)
        let system = try #require(TimeZone(identifier: name))
        for second in stride(from: utc(1971, 1, 1).seconds, to: utc(2036, 12, 31).seconds, by: 3 * 86_400 + 3_661) {
            let date = Date(timeIntervalSince1970: Double(second))
            #expect(zone.offset(atSecond: second) == system.secondsFromGMT(for: date), "\(name) at \(date)")
        }
    }

    @Test(.enabled(if: Database.isThere, "this system has no time-zone database"))
    func everyFileOfTheDatabaseIsRead() throws {
        var count = 0
        let files = try #require(FileManager.default.enumerator(atPath: Database.directory))
        for case let path as String in files where ZoneRules.isName(path) && !path.hasPrefix("right/") {
            guard let bytes = FileManager.default.contents(atPath: "\(Database.directory)/\(path)"),
                bytes.starts(with: Array("TZif".utf8))
            else { continue }
            let zone = try ZoneRules(name: path, file: Array(bytes))
            _ = try Crontab(line: "30 2 * * *").next(after: utc(2026, 11, 24), in: zone)
            count += 1
        }
        #expect(count > 300)
    }

    @Test(arguments: ["Europe/Berlin", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"])
    func namesStayBelowTheDirectory(name: String) { #expect(ZoneRules.isName(name)) }

    @Test(arguments: ["", "/etc/passwd", "../passwd", "Europe/../x", "Europe//Berlin", "Europe/", "a b", "x\0y", "É"])
    func otherTextsAreNoNames(name: String) { #expect(!ZoneRules.isName(name)) }

    @Test func filesThatAreNoneAreRefused() {
        for bytes in [
            [], Array("TZif2".utf8), Array(repeating: 0, count: 70_000),
            Array("TZif".utf8) + Array(repeating: 0xff, count: 60),
        ] {
            #expect(throws: ZoneError.self) { try ZoneRules(name: "x", file: bytes) }
        }
    }
}
