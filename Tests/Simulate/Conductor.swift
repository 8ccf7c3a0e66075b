import Foundation
import Simulation

/// Shares the seeds among processes, and tells what came of all of them.
final class Conductor {
    private let arguments: Arguments
    private var reached = Reached()
    private var events = 0
    private var played = 0
    private var hashes: Set<String> = []
    private var differing: [String] = []
    /// The seed that was played last by the process whose lines are read.
    private var lastSeed = ""
    private var broken: [(seed: UInt64, rule: String, text: String)] = []

    /// A run of fewer seeds need not reach everything.
    private static let mustReachAll = 2_000

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit status.
    func run() throws -> Int32 {
        let start = Date()
        let jobs = max(1, min(self.arguments.jobs, Int(self.arguments.seeds)))
        let shares = try (0..<jobs).map { try self.start($0, of: jobs) }
        for (process, output) in shares {
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            for line in text.split(separator: "\n") { self.read(line.split(separator: "\t").map(String.init)) }
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Crash(status: process.terminationStatus, seed: self.lastSeed)
            }
        }
        return self.tell(seconds: Date().timeIntervalSince(start))
    }

    private struct Crash: Error, CustomStringConvertible {
        let status: Int32
        let seed: String
        var description: String {
            "seed \(self.seed) ended its process with status \(self.status): production code trapped?"
        }
    }

    private func start(_ number: Int, of jobs: Int) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let from = self.arguments.from + UInt64(number)
        process.arguments = [
            "--from", "\(from)", "--seeds", "\(self.arguments.seeds - UInt64(number))", "--stride", "\(jobs)",
        ]
        if let mutation = self.arguments.mutation { process.arguments! += ["--mutation", mutation] }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        return (process, output)
    }

    private func read(_ fields: [String]) {
        switch fields.first {
        case "reached": self.reached.note(fields[1], Int(fields[2]) ?? 0)
        case "broke": self.broken.append((UInt64(fields[1])!, fields[2], fields.dropFirst(3).joined(separator: " ")))
        case "differs": self.differing.append(fields[1])
        case "plays": self.lastSeed = fields[1]
        case "hash": self.hashes.insert(fields[1])
        case "played":
            self.played += Int(fields[1])!
            self.events += Int(fields[2])!
        default: print(fields.joined(separator: "\t"))
        }
    }

    private func tell(seconds: Double) -> Int32 {
        for (name, count) in self.reached.counts.sorted(by: { $0.key < $1.key }) {
            print("\(String(repeating: " ", count: max(0, 10 - "\(count)".count)))\(count)  \(name)")
        }
        let rate = Double(self.played) / seconds
        print(
            "\(self.played) seeds, \(self.events) events in \(Self.rounded(seconds)) s: \(Self.rounded(rate)) seeds a second"
        )
        var isGood = true
        for broken in self.broken.sorted(by: { $0.seed < $1.seed }).prefix(20) {
            isGood = false
            print("seed \(broken.seed) breaks \(broken.rule): \(broken.text)")
        }
        if let first = self.broken.min(by: { $0.seed < $1.seed }) {
            print("\(self.broken.count) seeds break rules. The first one, made small:")
            Replay(first.seed, self.arguments, self.arguments.mutation.flatMap { Mutation(rawValue: $0) })
                .tellSmallest()
        }
        if !self.differing.isEmpty {
            isGood = false
            print("not the same twice: seeds \(self.differing)")
        }
        if self.played >= Self.mustReachAll, self.arguments.mutation == nil, !self.reached.missing.isEmpty {
            isGood = false
            print("never reached: \(self.reached.missing.joined(separator: ", "))")
        }
        return isGood ? 0 : 1
    }

    private static func rounded(_ value: Double) -> String { String(format: "%.1f", value) }
}
