import Glibc
import Syscalls
import SystemPackage
import Testing

@Suite(.serialized) struct ProcessTests {
    @Test func whatThisProcessHoldsIsCounted() throws {
        let heap = OwnHoldings.heap
        let block = malloc(50_000_000)
        defer { free(block) }
        // Other tests free what they have at the same time.
        #expect(OwnHoldings.heap >= heap + 40_000_000)
        #expect(OwnHoldings.privateMemory > 1 << 20)
        // Other tests open and close files at the same time.
        #expect((0...1_000).contains(OwnHoldings.descriptors - ProcessTable.ownDescriptors().count + 500))
        #expect(OwnHoldings.threads >= 1)
    }

    @Test func aSpawnedProgramGetsItsDescriptorsAndNoOthers() throws {
        let first = try memoryFile(named: "first", content: Array("one".utf8))
        let second = try memoryFile(named: "second", content: Array("two".utf8))
        // Swapped on purpose: the sources must not overwrite each other.
        let (output, exit) = try Shell.run("cat <&3; echo; cat <&4; echo; ls /proc/self/fd | tr '\\n' ' '") {
            $0.descriptors = [second.number, first.number]
        }
        let lines = output.split(separator: "\n")
        #expect(lines[0] == "two")
        #expect(lines[1] == "one")
        // The last one is how ls reads the directory.
        #expect(lines[2].split(separator: " ").map(String.init).sorted() == ["0", "1", "2", "3", "4", "5"])
        #expect(exit.status == .exited(0))
    }

    @Test func aSpawnedProgramHasDefaultSignals() throws {
        try setDisposition(of: .brokenPipe, to: .ignored)
        let (output, _) = try Shell.run("grep -E '^Sig(Blk|Ign):' /proc/self/status")
        let sets = output.split(separator: "\n").compactMap {
            $0.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
        }
        // The C library leaves its two internal signals, 32 and 33, ignored.
        #expect(sets.map { $0 & ~(3 << 31) } == [0, 0], "\(output)")
    }

    @Test func environmentDirectoryAndSessionAreAsAsked() throws {
        let (output, _) = try Shell.run("echo $COLOUR; pwd; cut -d ' ' -f 6 /proc/$$/stat; echo $$") {
            $0.environment.append("COLOUR=green")
            $0.workingDirectory = "/usr"
            $0.newSession = true
        }
        let lines = output.split(separator: "\n")
        try #require(lines.count == 4)
        #expect(lines[0] == "green" && lines[1] == "/usr")
        #expect(lines[2] == lines[3], "it leads its session")
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try spawn(SpawnRequest(path: "/no/such/program", arguments: ["x"], environment: []))
        }
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try Shell.run("true") { $0.workingDirectory = "/no/such/directory" }
        }
        #expect(throws: Errno.badFileDescriptor) { try Shell.run("true") { $0.descriptors = [9_999] } }
    }

    @Test(arguments: [
        ("exit 0", Syscalls.ExitStatus.exited(0)), ("exit 7", .exited(7)), ("kill -KILL $$", .signalled(9)),
    ])
    func exitsAreTyped(script: String, status: Syscalls.ExitStatus) throws {
        let exit = try Shell.run(script).exit
        #expect(exit.status == status)
        #expect(exit.peakResident > 0)
    }

    @Test func aProcessDescriptorSignalsAndReapsOnce() throws {
        let pid = try Shell.start("exec sleep 1000")
        let process = try ProcessDescriptor(child: pid)
        #expect(process.reap() == nil, "alive")
        #expect(!isReadable(process.descriptor.number))
        process.send(.kill)
        try EventWait(process.descriptor.number).wait()
        #expect(isReadable(process.descriptor.number))
        #expect(process.reap()?.status == .signalled(9))
        #expect(process.reap() == nil)
        process.send(.terminate)  // Nobody there, nobody hit.
    }

    @Test func aDeadProcessHasNothingToRead() throws {
        let exit = try Shell.run("true").exit
        #expect(ProcessTable.residentMemory(of: exit.pid) == nil)
        #expect(ProcessTable.privateMemory(of: exit.pid) == nil)
        #expect(ProcessTable.children(of: exit.pid) == [])
        #expect(ProcessTable.name(of: exit.pid) == nil)
        #expect(cpuNanoseconds(of: exit.pid) == nil)
        #expect(throws: Errno.noSuchProcess) { _ = try ProcessDescriptor(child: exit.pid) }
        #expect(throws: Errno.self) { try reap(exit.pid) }
    }

    @Test func aLivingTreeCanBeLookedAt() throws {
        let output = try Pipe()
        let pid = try Shell.start("sleep 1000 & echo started; wait", output: output.writing.number)
        #expect(try DescriptorTests.readByte(output.reading.number) == .bytes(1))
        let process = try ProcessDescriptor(child: pid)
        #expect(ProcessTable.ownChildren().contains(pid))
        let children = ProcessTable.children(of: pid)
        #expect(children.count == 1)
        #expect(ProcessTable.descendants(of: pid) == children)
        #expect(ProcessTable.descendants(of: ownProcessID).contains(children[0]))
        let memory = try #require(ProcessTable.residentMemory(of: pid))
        #expect(memory.total >= memory.anonymous && memory.total > 0)
        #expect(try #require(ProcessTable.privateMemory(of: pid)) > 0)
        #expect(cpuNanoseconds(of: pid) != nil)
        for child in children { try ProcessDescriptor(child: child).send(.kill) }
        process.send(.kill)
        _ = try reap(pid)
    }

    @Test func ownThreadsAndDescriptorsAreListed() throws {
        let file = try memoryFile(named: "listed", content: [])
        #expect(ProcessTable.ownThreads().count >= 1)
        let own = try #require(ProcessTable.ownDescriptors().first { $0.number == file.number })
        #expect(own.target.contains("listed"))
    }
}

/// Waits until a descriptor is readable.
final class EventWait {
    private var poll: EventPoll

    init(_ descriptor: CInt) throws {
        self.poll = try EventPoll()
        try self.poll.add(descriptor, .readable, data: 0)
    }

    func wait() { _ = try? self.poll.wait(timeout: 10_000_000_000) }
}

@Suite(.serialized) struct SignalTests {
    @Test func blockedSignalsArriveOnTheirDescriptorInTurn() async throws {
        // In a process of its own: masks of the runner's threads are not ours to change.
        await #expect(processExitsWith: .success) {
            try blockSignals(SignalSet([.user1, .hangUp]))
            let signals = try SignalDescriptor(SignalSet([.user1, .hangUp]))
            try #require(signals.next() == nil)
            // To this thread alone: the others have not blocked them.
            for signal in [Signal.user1, .hangUp, .user1] { raise(signal.number) }
            var received = Set<Signal>()
            while let signal = signals.next() { try #require(received.insert(signal).inserted) }
            try #require(received == [.user1, .hangUp])
        }
    }

    @Test func strayChildrenAndTheirOrphansAreKilledAndTheSparedLive() async throws {
        await #expect(processExitsWith: .success) {
            try becomeSubreaper()
            let output = try Pipe()
            let spared = try Shell.start("exec sleep 1000")
            // A daemon by double fork: it becomes ours when its parents end.
            let stray = try Shell.start(
                "(sleep 1000 & sleep 1000 & echo x) & wait; exec sleep 1000", output: output.writing.number)
            _ = try DescriptorTests.readByte(output.reading.number)
            try #require(killStrayChildren { $0 == spared }.count >= 2)
            try #require(ProcessTable.ownChildren() == [spared])
            try #require(ProcessTable.name(of: stray) == nil)
            try #require(hasChildren())
            try #require(killStrayChildren { _ in false } == ["sleep"])
            try #require(!hasChildren())
            try #require(reapAny() == nil)
        }
    }

    @Test(arguments: [
        (Signal.terminate, "SIGTERM"), (.kill, "SIGKILL"), (.notice, "SIGUSR2"), (Signal(11), "SIGSEGV"),
        (Signal(63), "signal 63"),
    ])
    func signalsHaveTheirNames(signal: Signal, name: String) {
        #expect(signal.name == name)
    }

    @Test func clocksGoForward() {
        let (monotonic, wall) = (monotonicNanoseconds(), wallNanoseconds())
        #expect(monotonicNanoseconds() >= monotonic)
        #expect(wall > 1_600_000_000_000_000_000)
        #expect(ownUsage().peakResident > 0)
    }
}
