import Foundation
import ParserExercises
import Supervision
import Testing

/// What the fuzzer starts from and what it has found, without the fuzzer. A parser that does not stand an input ends the
/// test program.
struct ReplayTests {
    private static let fuzz = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz")

    private static func inputs(_ folder: String, _ exercise: ParserExercise) -> [[UInt8]] {
        let directory = Self.fuzz.appending(path: "\(folder)/\(exercise.rawValue)")
        let files = try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        return (files ?? []).sorted { $0.path < $1.path }.compactMap { try? Array(Data(contentsOf: $0)) }
    }

    @Test(arguments: ParserExercise.allCases) func everySeedAndEveryFindingIsStood(exercise: ParserExercise) {
        let seeds = Self.inputs("Corpus", exercise)
        #expect(!seeds.isEmpty, "each target has something to start from")
        for input in seeds + Self.inputs("Regressions", exercise) { exercise.run(input) }
        exercise.run([])
    }

    /// Seeds with a few bytes changed, cut, doubled or taken from another seed: the same ones each time.
    @Test(arguments: ParserExercise.allCases) func damagedSeedsAreStood(exercise: ParserExercise) {
        let seeds = Self.inputs("Corpus", exercise).map { $0.prefix(4_096) }
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            guard var input = seeds.randomElement(using: &random), !input.isEmpty else { continue }
            for _ in 0...Int.random(in: 0..<4, using: &random) { Self.damage(&input, seeds, &random) }
            exercise.run(Array(input))
        }
    }

    private static func damage(
        _ input: inout ArraySlice<UInt8>, _ seeds: [ArraySlice<UInt8>], _ random: inout SeededGenerator
    ) {
        guard let place = input.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: input[place] = [0, 0x22, 0x5b, 0x7b, 0x7f, 0xff].randomElement(using: &random)!
        case 2: input = input[..<place]
        case 3: input.insert(contentsOf: input[place...].prefix(64), at: place)
        default: input.replaceSubrange(place..., with: (seeds.randomElement(using: &random) ?? []).suffix(512))
        }
    }
}
