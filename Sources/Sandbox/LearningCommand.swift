import Glibc
import SandboxPolicy
import Syscalls
import SystemPackage

/// Runs a program and sees every system call that it, and all that it starts, makes.
public enum LearningCommand {
    /// Runs a command line to its end. The process must have one thread.
    public static func run(_ command: [String], _ see: (SeenCall) -> Void) throws -> ExitStatus {
        let place: CInt = 3
        switch try Syscalls.fork() {
        case .child:
            guard (try? closeDescriptors(from: place)) != nil,
                (try? Sandbox(learning: ()).enter(as: 1, descriptor: nil)) != nil
            else { exitNow(126) }
            self.execute(command)
        case .parent(let child):
            let listener = try CallListener(to: child, at: place)
            while listener.next(see) {}
            return try reap(child).status
        }
    }

    private static func execute(_ command: [String]) -> Never {
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        execvp(command[0], arguments)
        printError("cannot start \(command[0]): \(Errno(rawValue: errno))")
        exitNow(127)
    }
}
