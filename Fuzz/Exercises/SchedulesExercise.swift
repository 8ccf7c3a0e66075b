import Schedules

/// Time-zone files and lines of crontabs; the first byte says which. What is taken knows for each instant what comes
/// next, and that is later.
func exerciseSchedules(_ bytes: [UInt8]) {
    guard let kind = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    if kind == UInt8(ascii: "z") { exerciseZone(rest) } else { exerciseCrontab(rest) }
}

private let instants: [Int64] = [-4_000_000_000, -1, 1_774_746_000, 9_000_000_000]

private func exerciseZone(_ bytes: [UInt8]) {
    guard let zone = try? ZoneRules(name: "Test/Zone", file: bytes) else { return }
    guard let nightly = try? Crontab(line: "30 2 * * *"), let hourly = try? Crontab(line: "*/20 * * * *") else {
        preconditionFailure("These are crontabs.")
    }
    for crontab in [nightly, hourly] { follow(crontab, zone) }
}

private func exerciseCrontab(_ bytes: [UInt8]) {
    let line = String(decoding: bytes.prefix(200), as: UTF8.self)
    do throws(CrontabError) {
        let crontab = try Crontab(line: line)
        precondition((try? Crontab(line: crontab.description)) == crontab)
        follow(crontab, .utc)
    } catch {
        precondition(!error.description.isEmpty)
    }
}

private func follow(_ crontab: Crontab, _ zone: ZoneRules) {
    for second in instants {
        var instant = WallInstant(seconds: second)
        for _ in 0..<2 {
            let next = crontab.next(after: instant, in: zone)
            precondition(next > instant)
            precondition(!next.description(offset: zone.offset(at: next)).isEmpty)
            instant = next
        }
    }
}
