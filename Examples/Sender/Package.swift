// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "sender",
    dependencies: [.package(name: "celeriac", path: "../..")],
    targets: [
        .executableTarget(name: "sender", dependencies: [.product(name: "CeleriacClient", package: "celeriac")])
    ]
)
