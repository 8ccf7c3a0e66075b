import Testing

@testable import Configuration

struct RateTests {
    @Test(arguments: [
        ("100/s", 10_000_000), ("100", 10_000_000), ("10/m", 6_000_000_000), ("1/h", 3_600_000_000_000),
        ("0.5/s", 2_000_000_000),
    ])
    func rateIsTheTimeBetweenTwo(text: String, nanoseconds: Int64) {
        #expect(Rate(text)?.interval == .nanoseconds(nanoseconds))
    }

    @Test(arguments: ["", "/s", "x/s", "1/d", "1/", "0/s", "-1/s", "1/s/s", "inf/s", "nan", "1e-300/h"])
    func otherTextsAreNoRates(text: String) { #expect(Rate(text) == nil) }

    @Test func aRateWithoutSenseIsAnErrorWithItsPlace() {
        #expect(
            errors("[tasks.a]\nrate = '100 a second'") == [
                #"c.toml:2:8: 'rate' must be a rate, such as "100/s", "10/m" or "1/h", or "none", not "100 a second""#
            ])
    }

    @Test(arguments: [
        ("'user'", #"c.toml:2:13: 'limit_key' must name an argument, such as "{args[0]}" or "{kwargs.user}""#),
        (
            "'{arg}'",
            "c.toml:2:13: 'limit_key': unknown placeholder '{arg}'; there are {args[0]}, {kwargs.name}, {args}, {kwargs} and {id}"
        ),
    ])
    func aLimitKeyNamesAnArgument(value: String, message: String) {
        #expect(errors("[tasks.a]\nlimit_key = \(value)") == [message])
    }
}

struct BrokerSettingsTests {
    @Test(arguments: [
        ("celery@%h", "a.example.org", "celery@a.example.org"), ("w1@%n", "a.example.org", "w1@a"),
        ("w@%d", "a.example.org", "w@example.org"), ("w1", "host", "w1@host"),
    ])
    func nameIsFilledIn(name: String, host: String, expected: String) throws {
        #expect(try load("[worker]\nname = '\(name)'").worker.broker.nodeName(host: host) == expected)
    }

    @Test func celerysVariablesAreWeakerThanOurs() throws {
        let environment = ["CELERY_BROKER_URL": "redis://a", "CELERY_RESULT_BACKEND": "redis://b"]
        let settings = try load("[worker]\nbroker = 'redis://file'", environment: environment).worker.broker
        #expect(settings.url == "redis://a")
        #expect(settings.resultBackend == "redis://b")
        let stronger = environment.merging(["CELERIAC_WORKER_BROKER": "redis://c"]) { $1 }
        #expect(try load("", environment: stronger).worker.broker.url == "redis://c")
    }

    @Test func passwordsAreNotShown() throws {
        let settings = try load("[worker]\nbroker = 'redis://u:p@ss:w/0@host/1'")
        #expect(settings.explanation().text.contains("redis://u:**@host/1"))
        #expect(!settings.explanation().text.contains("p@ss"))
    }

    @Test(arguments: [
        ("queues = []", "c.toml:2:10: 'queues' must name at least one"),
        ("queues = ['a', 'a']", "c.toml:2:10: 'queues' names one twice"),
        (
            "queues = 'a'",
            "c.toml:2:10: 'queues' must be an array of strings, such as [\"celery\"], not the string \"a\""
        ),
        ("broker = 'localhost'", "c.toml:2:10: 'broker' must be a URL, such as \"redis://127.0.0.1:6379/0\""),
        ("name = ''", "c.toml:2:8: 'name' must not be empty"),
    ])
    func mistakesAreNamed(line: String, message: String) { #expect(errors("[worker]\n\(line)") == [message]) }

    @Test func namesComeWithCommasFromTheCommandLine() throws {
        #expect(try load("", flags: ["queues": "a,b"]).worker.broker.queues.map(\.name) == ["a", "b"])
    }

    @Test func weightsStandBehindTheNames() throws {
        let text = "[worker]\nqueue_order = 'weighted'\nqueues = ['critical=6', 'celery']"
        #expect(try load(text).worker.broker.queues == [WeightedQueue("critical", weight: 6), WeightedQueue("celery")])
        #expect(try load("[worker]\nqueues = ['a=b']").worker.broker.queues == [WeightedQueue("a=b")])
    }

    @Test(arguments: ["a=", "a=0", "a=x", "=3", "a=1001"])
    func aWeightIsASmallNumber(queue: String) {
        #expect(
            errors("[worker]\nqueue_order = 'weighted'\nqueues = ['\(queue)']") == [
                #"c.toml:3:10: 'queues' are weighted: "\#(queue)" must be a name with a weight from 1 to 1000, such as "critical=6""#
            ])
    }
}
