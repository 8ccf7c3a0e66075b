import Supervision
import Testing

@Suite struct UnitsTests {
    @Test(arguments: [
        ("2s", Duration.seconds(2)), ("500ms", .milliseconds(500)), ("1.5s", .milliseconds(1500)),
        ("1h30m", .seconds(5400)),
        ("1d", .seconds(86400)), ("7us", .microseconds(7)), ("12ns", .nanoseconds(12)), ("0s", .zero),
        ("1m0.25s", .milliseconds(60250)),
        ("0.0000000001s", .zero), ("1.00000000000000000000000000001s", .seconds(1)),
        ("1d2h3m4s5ms6us7ns", .nanoseconds(93_784_005_006_007)),
    ])
    func durationsHaveUnits(text: String, expected: Duration) throws {
        #expect(try Duration(parsing: text) == expected)
    }

    @Test(arguments: [
        ("", UnitError.Code.malformedNumber), ("s", .malformedNumber), ("-1s", .malformedNumber),
        ("1..5s", .malformedNumber),
        (".5s", .malformedNumber), ("5.s", .malformedNumber), ("30", .missingUnit), ("1h30", .missingUnit),
        ("30 s", .unknownUnit),
        ("30sec", .unknownUnit), ("30S", .unknownUnit), ("1e3s", .unknownUnit), ("30m1h", .unitsOutOfOrder),
        ("1s1s", .unitsOutOfOrder),
        ("293000d", .tooLarge), ("99999999999999999999s", .tooLarge), ("106751d106751d", .unitsOutOfOrder),
        ("106751d24h", .tooLarge), ("٣s", .malformedNumber),
    ])
    func badDurationsSayWhy(text: String, code: UnitError.Code) {
        #expect(throws: UnitError.self) { try Duration(parsing: text) }
        do { _ = try Duration(parsing: text) } catch { #expect(error.code == code, "\(error)") }
    }

    @Test func aMissingUnitNamesTheUnits() {
        do { _ = try Duration(parsing: "30") } catch {
            #expect(
                error.description
                    == "\"30\" has no unit; the units are ns, us, ms, s, m, h and d, as in \"1.5s\" or \"1h30m\""
            )
        }
    }

    @Test(arguments: [
        ("64MiB", ByteCount.mebibytes(64)), ("1GiB", .gibibytes(1)), ("1TiB", .gibibytes(1024)),
        ("2KiB", .kibibytes(2)), ("17B", ByteCount(bytes: 17)),
        ("1kB", ByteCount(bytes: 1000)), ("1.5MB", ByteCount(bytes: 1_500_000)),
        ("2GB", ByteCount(bytes: 2_000_000_000)),
        ("0.5KiB", ByteCount(bytes: 512)), ("0.3KiB", ByteCount(bytes: 307)), ("0B", ByteCount(bytes: 0)),
    ])
    func amountsHaveUnits(text: String, expected: ByteCount) throws {
        #expect(try ByteCount(parsing: text) == expected)
    }

    @Test(arguments: [
        ("64", UnitError.Code.missingUnit), ("64M", .unknownUnit), ("64mib", .unknownUnit),
        ("1GiB512MiB", .unitsOutOfOrder),
        ("9000000TiB", .tooLarge), ("MiB", .malformedNumber), ("64 MiB", .unknownUnit),
    ])
    func badAmountsSayWhy(text: String, code: UnitError.Code) {
        do {
            _ = try ByteCount(parsing: text)
            Issue.record("\(text) was accepted")
        } catch { #expect(error.code == code, "\(error)") }
    }

    @Test(arguments: [
        (Duration.seconds(5400), "1h30m"), (.milliseconds(250), "250ms"), (.milliseconds(1500), "1.5s"), (.zero, "0s"),
        (.seconds(86400), "1d"),
        (.milliseconds(61_040), "1m1.04s"), (.nanoseconds(1), "1ns"), (.microseconds(-5), "-5us"), (.seconds(60), "1m"),
    ])
    func durationsAreWrittenInTheirUnits(duration: Duration, expected: String) {
        #expect(duration.unitDescription == expected)
    }

    @Test func writtenDurationsAreReadBack() throws {
        var nanoseconds: Int64 = 1
        while nanoseconds < 1 << 61 {
            let duration = Duration.nanoseconds(nanoseconds)
            #expect(try Duration(parsing: duration.unitDescription) == duration)
            nanoseconds = nanoseconds * 3 + 1
        }
    }
}
