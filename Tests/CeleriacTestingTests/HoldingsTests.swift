import CeleriacTesting
import Glibc
import Testing

/// What is left behind is named.
@Suite struct HoldingsTests {
    @Test func descriptorThatStaysOpenIsNamed() throws {
        let before = Holdings.current
        let file = open("/etc/hostname", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(Holdings.current.excess(over: before).contains("descriptor \(file): /etc/hostname"))
    }

    @Test func childThatWasNotWaitedForIsNamed() throws {
        let before = Holdings.current
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawnp(&pid, "sleep", nil, nil, &arguments, nil) == 0)
        let found = Holdings.current.excess(over: before)
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        #expect(found.contains { $0.hasPrefix("process \(pid): ") })
        #expect(!Holdings.current.excess(over: before).contains { $0.hasPrefix("process \(pid)") })
    }

    /// In a process of its own, where nobody else opens anything.
    @Test func whatIsClosedAgainIsNotHeldAgainstAnybody() async {
        await #expect(processExitsWith: .success) {
            _ = try await expectNothingLeft { close(open("/dev/null", O_RDONLY | O_CLOEXEC)) }
        }
        await #expect(processExitsWith: .failure) {
            _ = try await expectNothingLeft { open("/dev/null", O_RDONLY | O_CLOEXEC) }
        }
    }
}
