import Supervision
import Syscalls
import Testing

@testable import ControlGroups

/// Version 2 in a directory that behaves like the kernel's.
@Suite struct UnifiedSetupTests {
    private static let own = "celeriac-\(ownProcessID)"

    @Test func theWorkerMovesIntoAGroupOfItsOwnBeforeItHandsControllersDown() throws {
        let files = try FakeHierarchy()
        let groups = try ControlGroups.setUp(.auto, files)
        #expect(groups.mode == .v2)
        #expect(groups.controllers == [.memory, .pids, .cpu])
        #expect(
            files.writes == [
                "\(Self.own)/master/cgroup.procs 0", "cgroup.subtree_control +memory +pids +cpu",
                "\(Self.own)/cgroup.subtree_control +memory +pids +cpu",
            ])
    }

    @Test func afterTheEndNothingIsLeft() throws {
        let files = try FakeHierarchy()
        let groups = try ControlGroups.setUp(.v2, files)
        let child = try #require(try groups.makeGroup())
        groups.remove(child)
        groups.close()
        #expect(files.groups(in: files.top) == [])
        #expect(files.processes(files.top) == [ownProcessID])
    }

    @Test func limitsAreOverTheBaselineAndWrittenOnlyWhenTheyChange() throws {
        let files = try FakeHierarchy()
        let groups = try ControlGroups.setUp(.v2, files)
        let child = try #require(try groups.makeGroup())
        var limits = GroupLimits()
        limits.memory = 64 << 20
        limits.setProcesses(5)
        limits.cpuPercent = 150
        child.apply(limits, baseline: 1 << 20)
        let path = "\(Self.own)/child-1"
        let hard = (1 << 20) + (64 << 20) + (1 << 20) + (1 << 20)
        let expected = [
            "\(path)/memory.high \((1 << 20) + (56 << 20))", "\(path)/memory.max \(hard)", "\(path)/pids.max 296",
            "\(path)/cpu.max 150000 100000",
        ]
        #expect(Array(files.writes.suffix(4)) == expected)
        child.apply(limits, baseline: 1 << 20)
        #expect(files.writes.last == expected.last)
        limits.cpuPercent = nil
        child.apply(limits, baseline: 1 << 20)
        #expect(files.writes.last == "\(path)/cpu.max max 100000")
        child.apply(GroupLimits(), baseline: 1 << 20)
        #expect(Array(files.writes.suffix(3)) == ["memory.high", "memory.max", "pids.max"].map { "\(path)/\($0) max" })
    }

    @Test func aGroupDiesAsAWholeAndDoesNotSwap() throws {
        let files = try FakeHierarchy()
        _ = try #require(try ControlGroups.setUp(.v2, files).makeGroup())
        let path = "\(Self.own)/child-1"
        #expect(files.writes.suffix(2) == ["\(path)/memory.oom.group 1", "\(path)/memory.swap.max 0"])
    }

    @Test func whoIsToBeKilledCannotForkOn() throws {
        let files = try FakeHierarchy()
        try #require(try ControlGroups.setUp(.v2, files).makeGroup()).close()
        #expect(files.writes.last == "\(Self.own)/child-1/pids.max 0")
    }

    @Test func killsForMemoryAreHeardOfOnce() throws {
        let files = try FakeHierarchy()
        let child = try #require(try ControlGroups.setUp(.v2, files).makeGroup())
        let path = "\(files.top)/\(Self.own)/child-1"
        #expect(!child.wasKilledForMemory())
        try files.set("oom 3\noom_kill 2\n", path + "/memory.events")
        #expect(child.wasKilledForMemory())
        #expect(!child.wasKilledForMemory())
        try files.set("123\n", path + "/memory.peak")
        #expect(child.peakMemory == 123)
    }

    @Test func whatCannotBeUsedIsSaid() throws {
        let files = try FakeHierarchy(controllers: "hugetlb")
        let error = #expect(throws: GroupError.self) { try ControlGroups.setUp(.v2, files) }
        #expect(error?.description == "version 2 has no memory controller in \(files.top)")
    }

    @Test func strangersInTheGroupAreNamed() throws {
        let files = try FakeHierarchy()
        try files.set("\(ownProcessID)\n1\n", files.top + "/cgroup.procs")
        let error = #expect(throws: GroupError.self) { try ControlGroups.setUp(.v2, files) }
        #expect(error?.description.contains("(1)") == true)
        let groups = try ControlGroups.setUp(.auto, files)
        #expect(groups.mode == .bare && groups.detail.contains("other processes"))
    }

    /// Whatever step fails, the worker is back where it was.
    @Test(arguments: ["cgroup.subtree_control", "celeriac-\(ownProcessID)/cgroup.subtree_control"])
    func aStepThatFailsIsUndone(_ step: String) throws {
        let files = try FakeHierarchy()
        files.refused = [step]
        #expect(throws: GroupError.self) { try ControlGroups.setUp(.v2, files) }
        #expect(files.groups(in: files.top) == [])
        #expect(files.processes(files.top) == [ownProcessID])
    }

    @Test func aDeadWorkersGroupsAreSweptAndALivingOnesAreNot() throws {
        let files = try FakeHierarchy()
        for name in ["celeriac-4194301", "celeriac-4194302"] {
            try files.makeGroup("\(files.top)/\(name)")
            try files.makeGroup("\(files.top)/\(name)/child-1")
        }
        let living = try openDirectory(files.top + "/celeriac-4194302")
        let isLocked = Syscalls.lock(living)
        #expect(isLocked)
        let groups = try ControlGroups.setUp(.v2, files)
        #expect(Set(files.groups(in: files.top)) == ["celeriac-4194302", Self.own])
        #expect(files.groups(in: files.top + "/celeriac-4194302") == ["child-1"])
        groups.close()
        _ = (consume living).number
    }

    @Test func offAsksForNothing() throws {
        let files = try FakeHierarchy()
        let groups = try ControlGroups.setUp(.off, files)
        #expect(groups.mode == .bare && files.writes.isEmpty)
        #expect(try groups.makeGroup() == nil)
    }

    @Test func quotasAndLimitsOfAllGroupsAboveCount() throws {
        let files = try FakeHierarchy()
        #expect(ResourceCeiling(files).processors == availableProcessors())
        try files.set("50000 100000\n", files.top + "/cpu.max")
        try files.set("104857600\n", files.top + "/memory.max")
        #expect(ResourceCeiling(files).processorPercent == 50)
        #expect(ResourceCeiling(files).processors == 1)
        #expect(ResourceCeiling(files).memory == 100 << 20)
        try files.set("73400320\n", files.top + "/memory.current")
        try files.set("inactive_file 20971520\n", files.top + "/memory.stat")
        let reading = try #require(MemoryGauge(files).read())
        #expect(reading.total == 100 << 20 && reading.available == 50 << 20)
    }
}
