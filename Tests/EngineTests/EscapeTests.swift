import EngineSupport
import Foundation
import Glibc
import JSON
import Sandbox
import SandboxPolicy
import Syscalls
import Testing

extension EngineTests {
    /// What children of each profile can and cannot do, tried by real ones.
    @Suite struct EscapeTests {
        /// The table of `docs/sandbox.md`: an act, and what becomes of it in each profile.
        private static let table: [String: [String: String]] = {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let text = (try? String(contentsOf: root.appending(path: "docs/sandbox.md"), encoding: .utf8)) ?? ""
            let rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
                line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
            guard let head = rows.firstIndex(where: { $0.first == "act" }) else { return [:] }
            let profiles = rows[head].dropFirst(2)
            var table: [String: [String: String]] = [:]
            for row in rows[(head + 2)...].prefix(while: { $0.count == profiles.count + 2 }) {
                table[row[0].filter { $0 != "`" }] = Dictionary(
                    uniqueKeysWithValues: zip(profiles.map { $0.filter { $0 != "`" } }, row.dropFirst(2)))
            }
            return table
        }()

        @Test(arguments: SandboxProfile.builtIn.map(\.name).filter { $0 != "none" })
        func everyActEndsAsTheTableSays(profile: String) throws {
            let ground = try Ground()
            let program = try Program(
                command: [ground.fixture, "run", "--log-format", "json", "--log-level", "debug"]
                    + ["-c", "2", "--max-losses", "1", "--sandbox", profile])
            // The master: a child that is attacked may be the attacker itself.
            let victim = JSONValue.number(JSONNumber(Int(program.pid)))
            program.send(
                Attempt.all.map { attempt in
                    call(
                        "escape.try", .string(attempt.name), victim, .string(ground.secret), .string(ground.directory),
                        .number(JSONNumber(Int(ground.port))), id: attempt.name)
                })
            for attempt in Attempt.all {
                let found = try self.word(program.outcome(attempt.name, within: 60))
                self.check(found, attempt, profile)
            }
            _ = try program.finish()
        }

        private func word(_ outcome: Outcome) throws -> String {
            if outcome.state == "SUCCESS", let number = outcome.result?.integer {
                return number == 0 ? "allowed" : errorName(Int32(number))
            }
            #expect(outcome.cause == "sandbox", "\(outcome.json)")
            let words = outcome.message.split(separator: ":")[0].components(separatedBy: " the system call ")
            return words.count == 2 ? "ends: \(words[1])" : "ends"
        }

        private func check(_ found: String, _ attempt: Attempt, _ profile: String) {
            if ProcessInfo.processInfo.environment["PRINT_TABLE"] != nil {
                print("ROW \(profile) \(attempt.name) \(found)")
            }
            let expected = Self.table[attempt.name]?[profile]
            // Where the tests are not root, some are refused for another reason; none is allowed that was not.
            if getuid() == 0 { #expect(found == expected, "\(attempt.name) in \(profile)") }
            let isForbidden = SandboxProfile.named(profile).map(attempt.isForbidden) ?? true
            #expect(!isForbidden || found != "allowed", "\(attempt.name) in \(profile)")
        }

        @Test(arguments: ["basic", "worker", "offline", "compute", "strict"])
        func siblingsAndMasterAreOutOfReach(profile: String) throws {
            let ground = try Ground()
            let program = try Program(run: .fixture, ["-c", "2", "--max-losses", "1", "--sandbox", profile])
            try program.wait(forRecords: "child.ready", count: 2)
            for act in ["proc_mem", "proc_environ", "signal", "ptrace"] {
                for (number, victim) in (program.children + program.templates).enumerated() {
                    let id = "\(act) \(number)"
                    program.send(
                        call(
                            "escape.try", .string(act), .number(JSONNumber(Int(victim))), .string(ground.secret),
                            .string(ground.directory), .number(JSONNumber(Int(ground.port))), id: id))
                    let outcome = try program.outcome(id)
                    let isSelf = outcome.pid == victim
                    #expect(isSelf || outcome.result != 0, "\(act) of \(victim)")
                }
            }
            _ = try program.finish()
        }

        @Test(arguments: ["none", "basic", "worker", "offline", "compute", "strict"])
        func usualWorkIsDoneInEveryProfile(profile: String) throws {
            let names = ["allowed.async", "allowed.dispatch", "allowed.foundation", "allowed.threads"]
            let lines = (0..<20).flatMap { round in names.map { call($0, id: "\($0) \(round)") } }
            let run = try Run(.fixture, ["-c", "2", "--sandbox", profile], lines, within: 60)
            #expect(run.outcomes.filter { $0.state != "SUCCESS" }.map { "\($0.json)" } == [])
            #expect(run.outcomes.count == lines.count)
            #expect(run["allowed.async 7"].result == 2_016)
            #expect(run["allowed.dispatch 7"].result == 2_044)
            #expect(
                run["allowed.foundation 7"].result?.elements.dropFirst().prefix(3) == [
                    "true", "1970-01-01T00:00:00Z", "2",
                ])
        }
    }
}

/// What attempts need outside: a file of the worker's user, a directory, a listener.
private final class Ground {
    let directory: String
    let secret: String
    let port: UInt16
    private let listener: CInt

    /// The fixture without its line numbers, where there is a tool to take them out: fifty backtraces are much quicker.
    var fixture: String {
        let copy = self.directory + "/EngineFixture"
        let strip = "/usr/bin/strip"
        guard access(strip, X_OK) == 0 else { return Executable.fixture.path }
        let tool = try? Process.run(
            URL(filePath: strip), arguments: ["-g", "-o", copy, Executable.fixture.path])
        tool?.waitUntilExit()
        return tool?.terminationStatus == 0 ? copy : Executable.fixture.path
    }

    init() throws {
        var template = Array("/var/tmp/celeriac-escape-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        self.directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.secret = self.directory + "/secret"
        try "secret".write(toFile: self.secret, atomically: false, encoding: .utf8)
        chmod(self.secret, 0o600)
        self.listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        self.port = Self.listen(self.listener)
    }

    private static func listen(_ descriptor: CInt) -> UInt16 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(descriptor, plain, length)
                Glibc.listen(descriptor, 128)
                getsockname(descriptor, plain, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    deinit {
        close(self.listener)
        try? FileManager.default.removeItem(atPath: self.directory)
    }
}
