import Configuration
import Syscalls

/// The scheduler of `worker --beat`: a process of its own, started by the master with a first argument of its own.
enum BeatRole {
    private static let argument = "--celeriac-beat"
    /// Where the master puts the settings.
    private static let input: CInt = 3

    /// How the master starts it. It gets the settings with their passwords through a file without a name.
    static func request(_ input: borrowing Descriptor) -> SpawnRequest {
        let environment = Environment.current.filter { !ServiceReporter.variables.contains($0.key) }
        var request = SpawnRequest(
            path: "/proc/self/exe", arguments: [CommandLine.arguments[0], Self.argument, "\(ownProcessID)"],
            environment: environment.map { "\($0.key)=\($0.value)" })
        request.standard.0 = nullDevice
        request.descriptors = [input.number]
        // A key of the terminal ends the worker, which then ends this.
        request.newGroup = true
        return request
    }

    /// Whether this process was started as one.
    static var isOurs: Bool { CommandLine.arguments.dropFirst().first == Self.argument }

    /// Runs the scheduler to its end.
    static func run(_ worker: Worker) -> Never {
        guard CommandLine.arguments.count == 3, let master = ProcessID(CommandLine.arguments[2]) else { exitNow(2) }
        do {
            try setParentDeathSignal(.terminate)
            // It may have died before that.
            guard parentProcessID == master else { exitNow(0) }
            let input = try ConfigurationInput(decoding: readAll(Self.input))
            let session = try BeatSession(input, try input.load(worker), lease: BeatSession.usualLease)
            if let failure = try session.run() { throw UsageError(description: failure) }
            exitNow(0)
        } catch {
            printError("beat: \(error)")
            exitNow(RunSession.Status.couldNotWork.rawValue)
        }
    }
}
