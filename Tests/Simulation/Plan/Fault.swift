import Supervision

/// One thing that goes wrong, at a time.
public struct Fault: Sendable, Hashable {
    /// What goes wrong. Workers are named by their place.
    public enum Kind: Sendable, Hashable {
        // Workers
        /// SIGKILL, once the worker has acted on the outside so many times more.
        case killWorker(Int, acts: Int)
        /// SIGSTOP, and SIGCONT after a time.
        case stopWorker(Int, Duration)
        /// SIGSTOP, and SIGKILL when it has gone on and has acted on the outside so many times.
        case wakeToDie(Int, Duration, acts: Int)
        /// SIGTERM, and so many more.
        case terminateWorker(Int, again: Int)
        /// SIGQUIT.
        case quitWorker(Int)
        /// SIGHUP.
        case reloadWorker(Int)
        /// More children, or fewer.
        case resizeWorker(Int, by: Int)
        // Processes
        /// SIGKILL or a crash of a child.
        case killChild(Int, signal: Bool)
        /// A child does nothing any more.
        case stopChild(Int)
        /// A child closes its pipes and lives on.
        case closePipes(Int)
        /// Forks fail so many times.
        case failForks(Int, count: Int, errno: String)
        /// Children die before they are ready, so many times.
        case failBoots(Int, count: Int)
        /// Children never become ready, so many times.
        case hangBoots(Int, count: Int)
        /// A template dies.
        case killTemplate(Int)
        /// Pipes of children carry a few bytes at a time.
        case slowPipes(Int, Duration)
        /// Little memory is left.
        case shortMemory(Int, Duration)
        /// A running task is revoked.
        case revoke(Int, kill: Bool)
        // Network
        /// One of the worker's connections breaks.
        case cut(Int, CutMode)
        /// The connection breaks behind some byte of the next answer that brings the worker messages.
        case cutTake(Int)
        /// Nothing arrives on one of the worker's connections.
        case silence(Int)
        /// All that is sent takes longer.
        case slowNetwork(by: Duration, Duration)
        // Server
        /// SIGSTOP, and SIGCONT after a time.
        case stopServer(Duration)
        /// SIGKILL, and a start with all that it had.
        case restartServer(Duration)
        /// A start without anything.
        case emptyServer(Duration)
        /// `FLUSHALL`.
        case flush
        /// A replica takes over that has not heard the last things.
        case failOver(behind: Duration, Duration)
        /// It answers with errors.
        case refuse(ServerState, Duration)
        /// It takes no connections.
        case refuseConnections(Duration)
        /// `SCRIPT FLUSH`.
        case forgetScripts
        /// A key is of another type.
        case breakKey(String, Duration)
        // Clocks
        /// The wall clock of a worker jumps by so many seconds.
        case jump(Int, seconds: Int)
    }

    /// When, after the start.
    public var at: Duration
    /// What.
    public var kind: Kind

    /// A fault at a time.
    public init(at: Duration, kind: Kind) { (self.at, self.kind) = (at, kind) }
}

extension Fault: CustomStringConvertible {
    /// What the kinds are called, without their values.
    var name: String { String("\(self.kind)".prefix { $0 != "(" }) }

    public var description: String { "at \(self.at.unitDescription): \(self.kind)" }
}
