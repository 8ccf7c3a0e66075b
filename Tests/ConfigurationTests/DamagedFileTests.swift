import Configuration
import Supervision
import Testing

struct DamagedFileTests {
    private static let file = #"""
        # A file with everything that can go wrong.
        [worker]
        concurrency = "auto"
        shutdown_grace = "30s"
        [limits]
        hard_time = "60s"
        memory = "512MiB"
        [pools.heavy]
        concurrency = 2
        [tasks."video.*"]
        pool = "heavy"
        output = """1\u004DiB"""
        [tasks.'video.cut']
        command = ["ffmpeg", '''{args[0]}''', "{{{kwargs.name}}}"]
        environment = { LANG = "C", "é👍" = 'x' }
        max_retries = 5
        """#

    @Test func wholeFileLoads() throws {
        #expect(try load(Self.file).commandTasks == ["video.cut"])
    }

    @Test(arguments: 0..<8)
    func damagedFileGivesSettingsOrErrorsInsideIt(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let original = Array(Self.file.unicodeScalars)
        for _ in 0..<250 {
            var scalars = original
            for _ in 0...Int.random(in: 0..<4, using: &random) { Self.damage(&scalars, &random) }
            let text = String(String.UnicodeScalarView(scalars))
            let lineCount = scalars.count { $0 == "\n" } + 1
            do throws(ConfigurationErrors) {
                _ = try load(text)
            } catch {
                for error in error.errors {
                    #expect((1...lineCount).contains(error.line ?? 0), "\(error) in \(text)")
                }
            }
        }
    }

    /// Removes, repeats, replaces or moves a few scalars.
    private static func damage(_ scalars: inout [Unicode.Scalar], _ random: inout SeededGenerator) {
        guard let start = scalars.indices.randomElement(using: &random) else { return }
        let piece = start..<min(scalars.count, start + Int.random(in: 1...12, using: &random))
        let other = Int.random(in: 0...scalars.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: scalars.removeSubrange(piece)
        case 1: scalars.insert(contentsOf: Array(scalars[piece]), at: other)
        case 2:
            scalars.insert(
                "[]{}\"'=.,#\\\n\r\0\u{FEFF}\u{A0}\u{2028}u0-+:_ ".unicodeScalars.randomElement(using: &random)!,
                at: other
            )
        default: scalars.replaceSubrange(piece, with: scalars[piece].reversed())
        }
    }
}
