import Glibc
import SandboxPolicy
import Syscalls
import SystemPackage

/// Runs a program and sees every system call that it, and all that it starts, makes.
public enum LearningCommand {
    /// The exit code of a command that was not started, as shells have it.
    public static let notStarted: CInt = 127

    /// Runs a command line to its end. The process must have one thread.
    public static func run(_ command: [String], _ see: (SeenCall) -> Void) throws -> ExitStatus {
        switch try Syscalls.fork() {
        case .child:
            guard (try? closeDescriptors(from: 3)) != nil,
                (try? Sandbox(learning: ()).enter(as: 1, descriptor: nil)) != nil
            else {
                printError("cannot start \(command[0]): its calls cannot be seen on this host")
                exitNow(Self.notStarted)
            }
            self.execute(command)
        case .parent(let child):
            let listener = try CallListener(to: child)
            while listener.next(see) {}
            return try reap(child).status
        }
    }

    private static func execute(_ command: [String]) -> Never {
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        execvp(command[0], arguments)
        printError("cannot start \(command[0]): \(Errno(rawValue: errno))")
        exitNow(Self.notStarted)
    }
}
