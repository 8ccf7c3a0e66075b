// swift-tools-version: 6.1
import PackageDescription

// A package of its own: an HTTP server takes minutes to build, and no worker needs it. What it shares with the worker are
// two folders of sources, linked here; with the worker's package as a dependency there would be two targets of the name
// Configuration in one graph, which is not allowed.
let package = Package(
    name: "celeriac-status",
    products: [.executable(name: "celeriac-status", targets: ["CeleriacStatus"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .target(name: "Supervision"),
        .target(name: "WorkerStatus", dependencies: ["Supervision"]),
        .target(
            name: "StatusServer",
            dependencies: [
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                "WorkerStatus",
            ]),
        .target(
            name: "SpanExport",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "CeleriacStatus",
            dependencies: [
                "SpanExport", "StatusServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "SpanExportTests",
            dependencies: [
                "SpanExport",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "StatusServerTests",
            dependencies: [
                "StatusServer",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                "WorkerStatus",
            ]),
    ]
)
