// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "celeriac",
    products: [
        .library(name: "Celeriac", targets: ["Celeriac"]),
        .library(name: "CeleriacClient", targets: ["CeleriacClient"]),
        .library(name: "ParserExercises", targets: ["ParserExercises"]),
        .library(name: "CeleriacTesting", targets: ["CeleriacTesting"]),
        .executable(name: "celeriac", targets: ["CeleriacCommand"]),
        .executable(name: "celeriac-demo", targets: ["CeleriacDemo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.4.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    ],
    targets: [
        .target(name: "CShims"),
        .target(name: "CCrash"),
        .target(name: "CAttempts"),
        .systemLibrary(name: "CBZip2", providers: [.apt(["libbz2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CLua", pkgConfig: "lua5.1", providers: [.apt(["liblua5.1-0-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "JSON"),
        .target(name: "Traces", dependencies: ["JSON"]),
        .target(name: "Wire", dependencies: ["Traces"]),
        .target(name: "Supervision"),
        .target(name: "Schedules"),
        .target(name: "SandboxPolicy", dependencies: ["Supervision"]),
        .target(name: "WorkerStatus", dependencies: ["Supervision"]),
        .target(name: "Compression", dependencies: ["CBZip2", "CZlib", "CZstd"]),
        .target(
            name: "Celery", dependencies: ["Compression", "JSON", "Traces", .product(name: "Yams", package: "Yams")]),
        .target(name: "RemoteControl", dependencies: ["Celery", "Compression", "JSON"]),
        .target(name: "PostMortems", dependencies: ["JSON", "Supervision"]),
        .target(name: "TaskLines", dependencies: ["JSON", "Supervision"]),
        .target(
            name: "Configuration",
            dependencies: ["SandboxPolicy", "Schedules", "Supervision", .product(name: "TOMLKit", package: "TOMLKit")]),
        .target(name: "Syscalls", dependencies: ["CShims", .product(name: "SystemPackage", package: "swift-system")]),
        .target(
            name: "ControlGroups",
            dependencies: ["Supervision", "Syscalls", .product(name: "SystemPackage", package: "swift-system")]),
        .target(
            name: "Sandbox",
            dependencies: [
                "CAttempts", "CCap", "CSeccomp", "SandboxPolicy", "Syscalls",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .target(name: "CrashReports", dependencies: ["CCrash"]),
        .target(
            name: "Journal",
            dependencies: ["JSON", "Syscalls", .product(name: "SystemPackage", package: "swift-system")]),
        .target(name: "Reactor", dependencies: ["Supervision", "Syscalls"]),
        .target(name: "TLS", dependencies: ["COpenSSL"]),
        .target(name: "Signing", dependencies: ["COpenSSL", "Celery", "Syscalls"]),
        .target(
            name: "Broker",
            dependencies: [
                "Reactor", "Supervision", "Syscalls", "Traces", "Wire",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        .target(
            name: "Redis",
            dependencies: [
                "CHiredis", "Reactor", "Supervision", "Syscalls", "TLS",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .target(
            name: "CeleriacClient",
            dependencies: [
                "Celery", "Compression", "JSON", "Reactor", "Redis", "RemoteControl", "Signing", "Supervision",
                "Syscalls", "Traces",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ]),
        .target(name: "InProcess", dependencies: ["Broker", "Journal", "Reactor", "Syscalls", "TaskLines"]),
        .target(
            name: "RedisBroker",
            dependencies: [
                "Broker", "Celery", "Configuration", "JSON", "PostMortems", "Reactor", "Redis", "RemoteControl",
                "Signing", "Supervision", "Syscalls", "Wire", "WorkerStatus",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Beat",
            dependencies: [
                "Celery", "JSON", "Reactor", "Redis", "Schedules", "Signing", "Supervision", "Syscalls",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .target(
            name: "Prefork",
            dependencies: [
                "Broker", "Celery", "ControlGroups", "CrashReports", "JSON", "PostMortems", "Reactor", "Sandbox",
                "SandboxPolicy", "Supervision", "Syscalls", "Traces", "Wire", "WorkerStatus",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "WorkerLog", dependencies: ["Syscalls", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "Celeriac",
            dependencies: [
                "Beat", "Broker", "CeleriacClient", "Celery", "Configuration", "ControlGroups", "InProcess", "JSON",
                "Journal", "PostMortems", "Prefork", "Reactor", "Redis", "RedisBroker", "RemoteControl", "Sandbox",
                "SandboxPolicy", "Schedules", "Signing", "Supervision", "Syscalls", "TaskLines", "Traces", "WorkerLog",
                "WorkerStatus",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "CeleriacTesting",
            dependencies: [
                "Broker", "Celeriac", "JSON", "Prefork", "Reactor", "Supervision", "Syscalls", "Wire",
            ]),
        .executableTarget(name: "CeleriacCommand", dependencies: ["Celeriac"]),
        .executableTarget(name: "CeleriacDemo", dependencies: ["Celeriac"]),

        .target(
            name: "ParserExercises",
            dependencies: [
                "Celery", "Compression", "Configuration", "JSON", "Redis", "RemoteControl", "Schedules", "Signing",
                "Supervision", "TaskLines", "Traces", "Wire",
            ],
            path: "Fuzz/Exercises"),
        .testTarget(name: "ParserExercisesTests", dependencies: ["ParserExercises", "Supervision"]),
        .testTarget(name: "TracesTests", dependencies: ["JSON", "Supervision", "Traces"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Supervision"]),
        .testTarget(name: "CompressionTests", dependencies: ["Compression"]),
        .testTarget(name: "CeleryTests", dependencies: ["Celery", "Compression", "JSON", "Supervision", "Traces"]),
        .testTarget(
            name: "DifferentialTests",
            dependencies: ["Celery", "Compression", "EngineSupport", "JSON", "Schedules", "Supervision"]),
        .testTarget(name: "RemoteControlTests", dependencies: ["Celery", "JSON", "RemoteControl"]),
        .testTarget(name: "PostMortemsTests", dependencies: ["JSON", "PostMortems", "Supervision"]),
        .testTarget(name: "TaskLinesTests", dependencies: ["JSON", "Supervision", "TaskLines"]),
        .testTarget(name: "SchedulesTests", dependencies: ["Schedules", "Supervision"]),
        .testTarget(
            name: "BeatTests", dependencies: ["Beat", "Celery", "EngineSupport", "JSON", "Schedules", "Supervision"]),
        .testTarget(name: "SupervisionTests", dependencies: ["Supervision"]),
        .testTarget(name: "WorkerStatusTests", dependencies: ["JSON", "Supervision", "WorkerStatus"]),
        .testTarget(name: "WireTests", dependencies: ["Supervision", "Traces", "Wire"]),
        .testTarget(name: "RedisBrokerTests", dependencies: ["Celery", "Configuration", "RedisBroker", "Supervision"]),
        .testTarget(name: "BrokerTests", dependencies: ["Broker", "Supervision"]),
        .testTarget(
            name: "RedisUnitTests",
            dependencies: [
                "Reactor", "Redis", "Supervision", "Syscalls", "TLS",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .testTarget(
            name: "SyscallsTests",
            dependencies: ["EngineSupport", "Syscalls", .product(name: "SystemPackage", package: "swift-system")]),
        .testTarget(
            name: "ReactorTests",
            dependencies: [
                "Reactor", "Supervision", "Syscalls", .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .testTarget(
            name: "ControlGroupsTests",
            dependencies: [
                "ControlGroups", "EngineSupport", "GroupFixture", "Supervision", "Syscalls",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .testTarget(name: "SigningTests", dependencies: ["Celery", "Signing"]),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Configuration", "SandboxPolicy", "Schedules", "Supervision"]),
        .testTarget(
            name: "SandboxTests", dependencies: ["Sandbox", "SandboxPolicy"], exclude: ["Golden"]),
        .testTarget(
            name: "JournalTests",
            dependencies: [
                "Journal", "Supervision", "Syscalls", .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .testTarget(
            name: "WorkerLogTests",
            dependencies: [
                "Supervision", "Syscalls", "WorkerLog",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .executableTarget(
            name: "CrashFixture", dependencies: ["CrashReports"], path: "Tests/Fixtures/CrashFixture"),
        .testTarget(name: "CrashReportsTests", dependencies: ["CCrash", "CrashFixture", "CrashReports"]),
        .executableTarget(
            name: "GroupFixture", dependencies: ["ControlGroups", "Syscalls"], path: "Tests/Fixtures/GroupFixture"),
        .executableTarget(
            name: "EngineFixture", dependencies: ["Celeriac", "Sandbox", "SandboxPolicy", "Wire"],
            path: "Tests/Fixtures/EngineFixture"),
        .target(
            name: "Simulation",
            dependencies: [
                "Broker", "CLua", "Celery", "Configuration", "Prefork", "Reactor", "Redis", "RedisBroker",
                "Supervision", "Syscalls", "Wire",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], path: "Tests/Simulation"),
        .executableTarget(name: "simulate", dependencies: ["Simulation"], path: "Tests/Simulate"),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation", "Supervision"]),
        .target(name: "EngineSupport", dependencies: ["JSON", "Syscalls"], path: "Tests/Support"),
        .testTarget(
            name: "CeleriacClientTests", dependencies: ["CeleriacClient", "Celery", "JSON", "Redis", "Supervision"]),
        .testTarget(
            name: "CeleriacTestingTests",
            dependencies: ["Broker", "Celeriac", "CeleriacTesting", "InProcess", "JSON", "Supervision"]),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "CeleriacCommand", "CeleriacDemo", "EngineFixture", "EngineSupport", "JSON", "Sandbox", "SandboxPolicy",
                "Syscalls",
            ]),
        .target(name: "RedisSupport", dependencies: ["EngineSupport", "Syscalls"], path: "Tests/RedisSupport"),
        .executableTarget(
            name: "Soak",
            dependencies: [
                "EngineSupport", "JSON", "RedisSupport", "Supervision", "Syscalls",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Tests/Soak"),
        .testTarget(
            name: "RedisTests",
            dependencies: [
                "Broker", "CeleriacClient", "CeleriacDemo", "CeleriacTesting", "Celery", "Configuration",
                "EngineSupport", "JSON", "Redis", "RedisBroker", "RedisSupport", "RemoteControl", "Schedules",
                "Signing",
                "Simulation", "Soak", "Supervision", "Syscalls", "WorkerStatus",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ]),
    ]
)
