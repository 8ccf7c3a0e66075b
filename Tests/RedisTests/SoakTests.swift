import EngineSupport
import Testing

extension RedisTests {
    /// A minute of what `make soak` runs for longer.
    @Suite struct SoakTests {
        @Test func everyMessageIsAccountedForWhateverFails() throws {
            let program = try Program(command: [Executable.soak.path, "--minutes", "0.7"], expectsOutcomes: false)
            let status = try program.finish(within: 300)
            #expect(status == 0, "\(program.outputLines.joined(separator: "\n"))\n\(program.errorText)")
        }
    }
}
