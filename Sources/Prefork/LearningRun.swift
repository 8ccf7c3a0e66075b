import Sandbox
import SandboxPolicy
import Syscalls
import Wire

/// Runs one task in a child of its own, as a worker would, and sees every system call that it makes.
public enum LearningRun {
    /// What the task's outcome was.
    public enum Ending: Equatable, Sendable {
        /// It succeeded.
        case succeeded
        /// It ended otherwise; what it said.
        case failed(String)
    }

    /// Runs a task with a body as the pipe protocol has it, `[args, kwargs, {}]`. The process must have one thread.
    public static func run(
        _ program: WorkerProgram, task: String, body: [UInt8], _ see: (SeenCall) -> Void
    ) throws -> Ending {
        try program.preload()
        let orders = try Pipe(packets: true)
        let reports = try Pipe()
        let parent = ownProcessID
        switch try Syscalls.fork() {
        case .child:
            let pipes = try [orders.reading.number, reports.writing.number, 2].map { try duplicate($0, atLeast: 16) }
            let entry = SandboxEntry(sandbox: Sandbox(learning: ()), child: 1)
            ChildProcess.run(program, pool: 0, pipes: pipes, groups: [], breadcrumbs: nil, template: parent, entry)
        case .parent(let child):
            closeAll([reports.writing.release()])
            try self.order(task, body, orders.writing.number)
            let listener = try CallListener(to: child)
            while listener.next(see) {}
            _ = try reap(child)
            return try self.ending(readAll(reports.reading.number))
        }
    }

    private static func order(_ task: String, _ body: [UInt8], _ pipe: CInt) throws {
        var bytes: [UInt8] = []
        var order = TaskOrder(attempt: 1, name: Array(task.utf8)[...], id: Array("learn".utf8)[...])
        order.resultLimit = 64 << 20
        order.write(delivery: 1, bodyLength: body.count, into: &bytes)
        bytes += body
        PlainFrame.write(.stop, into: &bytes)
        _ = try bytes.withUnsafeBytes { try write($0, to: pipe) }
    }

    private static func ending(_ reports: [UInt8]) throws -> Ending {
        var decoder = FrameDecoder(.reports)
        reports.withUnsafeBytes { decoder.append($0) }
        while let frame = try decoder.next() {
            guard frame.header.kind == .outcome else { continue }
            let report = try OutcomeReport(decoding: frame.payload)
            if report.state == .success { return .succeeded }
            return .failed(ErrorContent(report.content).message)
        }
        return .failed("it ended without an outcome")
    }
}
