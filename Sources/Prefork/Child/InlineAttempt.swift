import Supervision
import Syscalls
import Wire

/// One attempt in the process of whoever asks, for tests of tasks: its body and its call are a child's; there is no
/// fork, no limit and no sandbox.
package final class InlineAttempt {
    /// What the body sees.
    package let call: TaskCall
    private let reports: ReportWriter
    /// What a child would send to its master.
    private let sent: Descriptor

    /// An attempt whose arguments are JSON `[args, kwargs, {}]`. With a notice it is told to stop from the beginning.
    package init(
        _ task: String, id: String, attempt: Int, arguments: Bytes, softTime: Duration?, notice: Notice?
    ) throws {
        self.sent = try memoryFile(named: "inline-attempt", content: [])
        self.reports = ReportWriter(descriptor: self.sent.number)
        var order = TaskOrder(
            attempt: UInt32(clamping: attempt), name: Array(task.utf8)[...], id: Array(id.utf8)[...])
        order.softTimeNanoseconds = softTime?.wholeNanoseconds ?? 0
        self.call = TaskCall(
            order: order, body: arguments, message: nil, tag: 1, now: Instant(nanoseconds: monotonicNanoseconds()),
            noticeDescriptor: -1, reports: self.reports, breadcrumbs: nil, givenNotice: notice)
    }

    /// Calls the body and tells what a child would report.
    package func run(_ body: TaskBody) async -> OutcomeReport {
        TaskExecutor.outcome(await self.result(of: body), self.call)
    }

    private func result(of body: TaskBody) async -> Result<[UInt8], any Error> {
        switch body {
        case .synchronous(let body): return Result { try body(self.call) }
        case .asynchronous(let body): return await TaskExecutor.result { try await body(self.call) }
        case .chosen(let choose):
            do {
                return await self.result(of: try choose(self.call))
            } catch {
                return .failure(error)
            }
        }
    }

    /// The frames that the body has caused, in their order.
    package func frames() throws -> [(kind: FrameKind, payload: Bytes)] {
        self.reports.flush()
        var decoder = FrameDecoder(.reports)
        var offset = 0
        while case let bytes = Syscalls.read(self.sent.number, at: offset, count: 65_536), !bytes.isEmpty {
            bytes.withUnsafeBytes { decoder.append($0) }
            offset += bytes.count
        }
        var frames: [(kind: FrameKind, payload: Bytes)] = []
        while let (header, payload) = try decoder.next() { frames.append((header.kind, payload)) }
        return frames
    }
}
