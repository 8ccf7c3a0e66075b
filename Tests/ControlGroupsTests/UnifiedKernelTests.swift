import EngineSupport
import Syscalls
import Testing

@testable import ControlGroups

/// What of version 2 the kernel must do, in its own hierarchy, with whatever controllers that has.
@Suite struct UnifiedKernelTests {
    /// A fresh group of version 2; `nil` where none can be made.
    static let parent: String? = GroupFiles.real.location().unified.map(\.directory).flatMap {
        isChangeable($0) ? $0 : nil
    }

    @Test(.enabled(if: Self.parent != nil, "no hierarchy of version 2 is writable here"))
    func aChildIsBornInItsGroupAndDiesWithAllOfIt() throws {
        let group = "\(Self.parent!)/celeriac-test-\(UInt32.random(in: 0 ... .max))"
        try makeDirectory(group)
        let program = try Program(command: [Executable.groups.path, group], expectsOutcomes: false)
        try #require(try program.finish() == 0)
        let name = group.split(separator: "/").last!
        let line = try #require(program.outputLines.first)
        #expect(line.contains("/\(name) [\"GroupFixture\", ") && line.hasSuffix("] signalled(9)"), "\(line)")
        // The daemon's death is init's to wait for.
        try program.wait(for: "the group to be empty") { (try? removeDirectory(group)) != nil }
    }
}
