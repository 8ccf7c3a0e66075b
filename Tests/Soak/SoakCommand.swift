import ArgumentParser
import EngineSupport
import Foundation
import JSON

/// How a soak is run.
struct SoakOptions {
    var seconds: Double
    var seed: UInt64
    var workers: Int
    var children: Int
    var executable: String
}

@main
struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Runs workers under load while everything around them fails, and accounts for every message.")

    @Option(help: "How long, in minutes; at least two rounds of some seconds.") var minutes = 2.0
    @Option(help: "What chance is made of: the same kinds of messages and faults in the same order.")
    var seed = UInt64.random(in: 0..<1_000_000)
    @Option(help: "Workers.") var workers = 3
    @Option(help: "Children of each.") var children = 3
    @Option(help: "The program with the tasks; the one beside this one by default.") var program: String?
    @Option(help: "A file for the figures, as JSON.") var json: String?

    func run() throws {
        let options = SoakOptions(
            seconds: self.minutes * 60, seed: self.seed, workers: self.workers, children: self.children,
            executable: self.program ?? Executable.demo.path)
        Interruption.listen()
        print("seed \(self.seed)")
        let soak = try Soak(options)
        try soak.run()
        print(soak.summary)
        if let json {
            var report = soak.report
            report["seed"] = .string("\(self.seed)")
            try (JSONValue.object(report).description + "\n").write(toFile: json, atomically: true, encoding: .utf8)
        }
        if !soak.judge.breaches.isEmpty { throw ExitCode(1) }
    }
}
