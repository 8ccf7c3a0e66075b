import Schedules
import Syscalls
import SystemPackage

/// The system's time-zone database.
enum TimeZones {
    /// Where it is: `TZDIR`, as the C library has it, or where systems keep it.
    private static var directory: String { Environment.current["TZDIR"] ?? "/usr/share/zoneinfo" }

    /// The rules of a zone. Throws ``ZoneError``.
    static func rules(_ name: String) throws(ZoneError) -> ZoneRules {
        guard ZoneRules.isName(name) else { throw ZoneError("it is no name of a time zone") }
        return try ZoneRules(name: name, file: self.bytes("\(self.directory)/\(name)"))
    }

    private static func bytes(_ path: String) throws(ZoneError) -> [UInt8] {
        do throws(Errno) {
            let file = Descriptor(owning: try openForReading(path))
            return try readAll(file.number)
        } catch {
            throw ZoneError("cannot read \(path): \(error)")
        }
    }
}
