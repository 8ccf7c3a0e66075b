import Configuration
import SandboxPolicy
import Supervision
import Testing

struct SandboxTests {
    private func profile(_ name: String, _ text: String) throws -> SandboxProfile {
        try #require(load(text).sandboxProfiles[name])
    }

    @Test func aPoolHasTheWorkersProfileUnlessItSaysOtherwise() throws {
        let settings = try load(
            """
            [worker]
            sandbox = "worker"
            [pools.a]
            [pools.b]
            sandbox = "strict"
            [tasks."a.*"]
            pool = "a"
            [tasks."b.*"]
            pool = "b"
            """, tasks: ["a.x": TaskOptions(), "b.x": TaskOptions()])
        #expect(settings.pools.map(\.sandbox.name) == ["worker", "worker", "strict"])
        #expect(try load().pools.map(\.sandbox) == [.standard])
        #expect(try load(flags: ["sandbox": "none"]).pools[0].sandbox.name == "none")
    }

    @Test func aTaskWithAProfileOfItsOwnGetsAPoolForIt() throws {
        let settings = try load(
            """
            [pools.p]
            concurrency = 3
            [tasks."a.*"]
            sandbox = "strict"
            [tasks."b.*"]
            pool = "p"
            sandbox = "strict"
            [tasks."c.*"]
            sandbox = "basic"
            """,
            tasks: [
                "a.x": TaskOptions(), "a.y": TaskOptions(), "b.x": TaskOptions(), "c.x": TaskOptions(sandbox: "none"),
            ])
        #expect(settings.pools.map(\.name) == ["default", "p", "default@strict", "p@strict"])
        #expect(settings.pools.map(\.sandbox.name) == ["basic", "basic", "strict", "strict"])
        #expect(settings.pools.map(\.policy.concurrency) == [8, 3, 8, 3])
        #expect(["a.x", "a.y", "b.x", "c.x"].map { settings.task(named: $0)?.pool } == [2, 2, 3, 0])
        #expect(settings.warnings == [])
    }

    @Test func aProfileChangesTheOneItExtends() throws {
        let profile = try self.profile(
            "c",
            """
            [sandbox.c]
            extends = "b"
            allow = ["mlock", "@process"]
            write = ["/srv/out"]
            user = "www-data"
            [sandbox.b]
            extends = "compute"
            read = ["/srv/models"]
            network = ["connect 443", "bind 8080"]
            capabilities = ["net_bind_service"]
            keep_environment = ["PATH", "APP_*"]
            private_tmp = "1GiB"
            on_denied = "error"
            signals = "any"
            optional = []
            """)
        #expect(profile.name == "c")
        #expect(profile.user == .named("www-data"))
        #expect(profile.network == .ports(connect: [443], bind: [8_080]) && !profile.hasOwnNetwork)
        #expect(profile.capabilities == .only(["net_bind_service"]) && profile.keptCapabilities == 1 << 10)
        #expect(profile.environment == .only(["PATH", "APP_*"]))
        #expect(profile.privateTmp == .gibibytes(1))
        #expect(profile.calls.onDenied == .fail(1) && profile.calls.allowed == ["mlock"])
        #expect(!profile.signalsOnlyOwn && profile.optional.isEmpty)
        #expect(
            Set(profile.calls.sets) == [.runtime, .fileRead, .fileWrite, .networkClient, .networkServer, .process])
        guard case .only(let rules) = profile.files else { return #expect(Bool(false)) }
        #expect(rules.contains(.init("/srv/models", isOptional: false)))
        #expect(rules.contains(.init("/srv/out", isWritable: true, isOptional: false)))
        #expect(rules.contains(.init("/tmp", isWritable: true)))
    }

    @Test func callsCanBeDenied() throws {
        let profile = try self.profile("p", "[sandbox.p]\ndeny = [\"socket\", \"@process\"]")
        let rules = try #require(profile.callRules)
        for call in ["socket", "execve", "ptrace"] {
            #expect(rules.rules.contains { $0.call == call && $0.action == .fail(1) && $0.tests.isEmpty })
        }
    }

    @Test func mistakesAreNamedWithTheirPlaces() {
        let text = """
            [worker]
            sandbox = "wroker"
            [sandbox.a]
            extends = "b"
            [sandbox.b]
            extends = "a"
            [sandbox.basic]
            [sandbox.c]
            read = ["/srv"]
            [sandbox.d]
            extends = "worker"
            read = ["srv"]
            allow = ["ptrase", "@proces"]
            capabilities = ["net_admn"]
            network = ["listen 80"]
            optional = ["landlok"]
            user = 0
            """
        let found = errors(text)
        for expected in [
            "c.toml:2:11: unknown sandbox profile 'wroker'; did you mean 'worker'?",
            "c.toml:7:10: the profile 'basic' is built in; give yours another name",
            "c.toml:9:8: 'read' is useless: the profile 'basic' sees all files; extend 'worker'",
            "c.toml:12:8: 'read' must be absolute paths, not \"srv\"",
            "c.toml:13:9: 'allow' has no system call \"ptrase\"; did you mean \"ptrace\"?",
            "c.toml:14:16: 'capabilities' has no capability \"net_admn\"; did you mean \"cap_net_admin\"?",
            "c.toml:15:11: 'network' must be ports, such as \"connect 443\" or \"bind 8080\", not \"listen 80\"",
            "c.toml:16:12: 'optional' has no step \"landlok\"; did you mean \"landlock\"?",
            "c.toml:17:8: 'user' must be a text, not the integer 0",
        ] {
            #expect(found.contains(expected), "\(expected)\n\(found.joined(separator: "\n"))")
        }
        #expect(found.contains { $0.contains("extends itself") })
    }
}
