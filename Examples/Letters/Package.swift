// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "letters",
    dependencies: [.package(name: "celeriac", path: "../..")],
    targets: [
        .executableTarget(name: "letters", dependencies: [.product(name: "Celeriac", package: "celeriac")])
    ]
)
