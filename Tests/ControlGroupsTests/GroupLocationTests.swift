import Testing

@testable import ControlGroups

/// Where a process stands, read from the kernel's texts.
@Suite struct GroupLocationTests {
    static let v1Mounts = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """

    @Test func hierarchiesOfVersionOneAreFoundByController() {
        let location = GroupLocation(
            membership: "9:name=systemd:/\n8:pids:/\n4:memory:/api/8522\n1:cpu,cpuacct:/x:y\n0::/\n",
            mountInfo: Self.v1Mounts)
        #expect(location.legacy[.memory]?.directory == "/sys/fs/cgroup/memory/api/8522")
        #expect(location.legacy[.pids]?.directory == "/sys/fs/cgroup/pids")
        #expect(location.legacy[.cpu]?.directory == "/sys/fs/cgroup/cpu,cpuacct/x:y")
        #expect(location.unified?.directory == "/sys/fs/cgroup/unified")
        #expect(location.legacy[.memory]?.chain.count == 3)
        #expect(location.legacy[.memory]?.chain.last == "/sys/fs/cgroup/memory")
    }

    @Test func aContainersViewBeginsAtItsOwnGroup() {
        let location = GroupLocation(
            membership: "0::/docker/abc/inner\n",
            mountInfo: "41 31 0:38 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate")
        #expect(location.unified?.directory == "/sys/fs/cgroup/inner")
        #expect(location.unified?.chain == ["/sys/fs/cgroup/inner", "/sys/fs/cgroup"])
    }

    @Test func aGroupOutsideOfTheMountIsNotThere() {
        let mount = "41 31 0:38 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw"
        #expect(GroupLocation(membership: "0::/docker/abcd\n", mountInfo: mount).unified == nil)
        #expect(GroupLocation(membership: "0::/../other\n", mountInfo: mount).unified == nil)
    }

    @Test func escapedBlanksAreRead() {
        let location = GroupLocation(
            membership: "0::/\n", mountInfo: "41 31 0:38 / /a\\040b\\134c rw - cgroup2 cgroup rw")
        #expect(location.unified?.directory == "/a b\\c")
    }

    @Test(arguments: ["", "x", "0:", "1 2 3", "41 31 0:38 / / rw - cgroup2", "0::", ":::::", "4:memory:"])
    func damagedTextsYieldNothing(text: String) {
        let location = GroupLocation(membership: text, mountInfo: text)
        #expect(location.unified == nil && location.legacy.isEmpty)
    }
}
