import Glibc
import Simulation

do {
    let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
    let mutation = try arguments.mutation.map { name in
        guard let mutation = Mutation(rawValue: name) else {
            throw Arguments.Mistake(description: "no mutation \(name): \(Mutation.allCases.map(\.rawValue))")
        }
        return mutation
    }
    if let seed = arguments.seed {
        exit(Replay(seed, arguments, mutation).run())
    } else if let most = arguments.mutations {
        exit(PlantedBugs(most: most).run())
    } else if let stride = arguments.stride {
        Share(arguments, mutation, stride: stride).run()
    } else {
        exit(try Conductor(arguments).run())
    }
} catch {
    print("\(error)")
    exit(64)
}
