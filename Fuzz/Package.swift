// swift-tools-version: 6.1
import PackageDescription

// A package of its own: a fuzz target has no main function, so `swift build` and `swift test` of the main package
// could not link it.
let package = Package(
    name: "celeriac-fuzz",
    products: [
        .executable(name: "FuzzFrames", targets: ["FuzzFrames"]),
        .executable(name: "FuzzTaskLines", targets: ["FuzzTaskLines"]),
        .executable(name: "FuzzConfiguration", targets: ["FuzzConfiguration"]),
        .executable(name: "FuzzSignatures", targets: ["FuzzSignatures"]),
        .executable(name: "FuzzMessages", targets: ["FuzzMessages"]),
        .executable(name: "FuzzChildren", targets: ["FuzzChildren"]),
        .executable(name: "FuzzControl", targets: ["FuzzControl"]),
        .executable(name: "FuzzReplies", targets: ["FuzzReplies"]),
        .executable(name: "FuzzTraces", targets: ["FuzzTraces"]),
        .executable(name: "FuzzSchedules", targets: ["FuzzSchedules"]),
        .executable(name: "Canary", targets: ["Canary"]),
    ],
    dependencies: [.package(name: "celeriac", path: "..")],
    targets: [
        .executableTarget(name: "FuzzFrames", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(
            name: "FuzzChildren", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(
            name: "FuzzTaskLines", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(
            name: "FuzzConfiguration", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(
            name: "FuzzSignatures", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(name: "FuzzMessages", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(name: "FuzzControl", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(name: "FuzzReplies", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(name: "FuzzTraces", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(
            name: "FuzzSchedules", dependencies: [.product(name: "ParserExercises", package: "celeriac")]),
        .executableTarget(name: "Canary"),
    ]
)
