import Foundation
import Testing

@testable import Schedules

/// The instant of a time in UTC: `utc(2026, 3, 29, 1)`.
func utc(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0) -> WallInstant {
    let days = CivilDay(year: year, month: month, day: day).daysSince1970
    return WallInstant(seconds: days * 86_400 + Int64(hour * 3_600 + minute * 60 + second))
}

/// Zones as their rules have been for years: tests need no time-zone database.
enum Zones {
    static let berlin = Self.zone("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3")
    static let newYork = Self.zone("America/New_York", "EST5EDT,M3.2.0,M11.1.0")
    static let sydney = Self.zone("Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3")
    /// Half an hour.
    static let lordHowe = Self.zone("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")
    /// At midnight: the first hour of a day is missing.
    static let santiago = Self.zone("America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24")
    /// No summer time, and no whole hour.
    static let kathmandu = Self.zone("Asia/Kathmandu", "<+0545>-5:45")
    /// Skipped a day when it moved over the date line.
    static let apia = ZoneRules(
        name: "Pacific/Apia", firstOffset: -36_000, changes: [.init(at: utc(2011, 12, 30, 10).seconds, offset: 50_400)],
        rule: nil)

    static let all = [ZoneRules.utc, berlin, newYork, sydney, lordHowe, santiago, kathmandu, apia]

    private static func zone(_ name: String, _ rule: String) -> ZoneRules {
        guard let rule = PosixZone(rule.utf8) else { preconditionFailure("\(rule) is a rule.") }
        return ZoneRules(name: name, firstOffset: rule.standardOffset, changes: [], rule: rule)
    }
}

/// Where this system has its time-zone database; tests that need it are skipped elsewhere.
enum Database {
    static let directory = "/usr/share/zoneinfo"

    static var isThere: Bool { FileManager.default.fileExists(atPath: "\(self.directory)/Europe/Berlin") }

    static func zone(_ name: String) throws -> ZoneRules {
        let bytes = try Data(contentsOf: URL(filePath: "\(self.directory)/\(name)"))
        return try ZoneRules(name: name, file: Array(bytes))
    }
}
