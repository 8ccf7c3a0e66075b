import Testing

@testable import Configuration

@Suite struct SecretsTests {
    @Test func configurationWithoutSecretsIsOtherwiseTheSame() throws {
        let text = """
            # broker = "redis://:old@h"
            [pools.b]
            concurrency = 3
            [pools.a]
            max_child_age = "1h"
            [worker]
            broker = "redis://:secret@h" # secret
            result_backend = "redis://:secret@h/1"
            queues = ["x", "é\\"\\u0007"]
            [tasks."v.*"]
            pool = "a"
            [tasks.c]
            command = ["sh", "-c", "\\\\n\\n"]
            environment = { "A.B" = "1" }
            pool = "b"
            [limits]
            processes = 7
            [retry]
            jitter = false
            """
        let stripped = try Settings.withoutSecrets(file: "f", text)
        #expect(!stripped.contains("secret") && !stripped.contains("old"))
        let (before, after) = (
            try Settings.load(file: ("f", text), processors: 1), try Settings.load(file: ("f", stripped), processors: 1)
        )
        #expect(after.pools == before.pools && after.pools.map(\.name) == ["default", "b", "a"])
        #expect(after.task(named: "c") == before.task(named: "c"))
        #expect(after.worker.broker.queues == before.worker.broker.queues)
        #expect(after.worker.broker.url == nil && after.worker.broker.resultBackend == nil)
    }

    @Test func whatHoldsSecretsIsKnown() {
        #expect(SettingKey.secretFlags == ["broker", "result-backend"])
        let ours: Set = ["CELERIAC_WORKER_BROKER", "CELERIAC_WORKER_RESULT_BACKEND"]
        #expect(SettingKey.secretVariables.isSuperset(of: ours))
    }

    @Test(arguments: [
        ("redis://:pw@h/0", "redis://**@h/0"), ("a 'redis://u:p@q@h' b", "a 'redis://**@h' b"),
        ("redis://h:1/0 and redis://:x@i", "redis://h:1/0 and redis://**@i"), ("redis://u@h", "redis://u@h"),
        ("no URL", "no URL"), ("a://", "a://"),
    ])
    func loginsAreMasked(text: String, masked: String) { #expect(maskingLogins(in: text) == masked) }

    @Test func variablesOfCommandsAreMaskedWhereTheyAreShown() throws {
        let text = """
            [tasks.c]
            command = ["c"]
            environment = { API_KEY = "s1", LANG = "C", DB = "pg://u:s2@h/d" }
            """
        let settings = try Settings.load(file: ("f", text), processors: 1).explanation().settings
        let shown = settings.first { $0.key == "environment" }?.value
        #expect(shown == #"{ API_KEY = "**", DB = "pg://**@h/d", LANG = "C" }"#)
    }
}
