import Configuration
import JSON
import Prefork

/// A worker program: the tasks it can run, and what it does before and after the fork.
///
/// ```swift
/// import Celeriac
///
/// var worker = Worker()
/// worker.task("tasks.add", parameters: "x", "y") { (x: Int, y: Int) in x + y }
/// worker.main()
/// ```
///
/// The program runs twice, as the master and as the template that children are forked from; both build the same
/// worker. Whatever stands before ``main()`` therefore must not start threads.
public struct Worker {
    package private(set) var bodies: [String: TaskBody] = [:]
    var options: [String: TaskOptions] = [:]
    private(set) var schedules: [CodeSchedule] = []
    var preloadBody: () throws -> Void = {}
    var prepareChildBody: () throws -> Void = {}

    /// A worker without tasks. Tasks that are commands need none: they stand in the configuration.
    public init() {}

    /// Runs `body` once in the template, before the first child is forked: what it loads, all children share.
    ///
    /// It must leave the template with one thread and no sockets; the worker does not start otherwise, nor when it
    /// throws. Open connections in ``prepareChild(_:)``.
    public mutating func preload(_ body: @escaping () throws -> Void) { self.preloadBody = body }

    /// Runs `body` in each child, before its first task. When it throws, the worker stops with the reason.
    public mutating func prepareChild(_ body: @escaping () throws -> Void) { self.prepareChildBody = body }

    /// Adds an entry to the schedule. A second one of the same name is a mistake in the program and ends it.
    mutating func add(_ schedule: CodeSchedule) {
        precondition(
            !self.schedules.contains { $0.name == schedule.name }, "The schedule has \(schedule.name) twice.")
        self.schedules.append(schedule)
    }

    /// Registers a task whose arguments are decoded from a call.
    ///
    /// A second task of the same name is a mistake in the program and ends it.
    mutating func register(_ name: String, _ options: TaskOptions, _ body: TaskBody) {
        precondition(self.bodies[name] == nil, "Task \(name) is registered twice.")
        self.bodies[name] = body
        self.options[name] = options
    }
}
