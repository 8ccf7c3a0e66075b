import NIOCore
import NIOPosix

/// Asks a worker of this machine on its socket: a line with a request, a line with the answer, as `docs/operations.md`
/// has it.
public struct WorkerLink: Sendable {
    /// Answers are cut off beyond so many bytes.
    private static let longestAnswer = 16 << 20

    /// Where the worker listens.
    public let path: String
    /// How long an answer may take. A worker whose loop does not turn gives none.
    public let patience: Duration

    /// A way to a worker, which need not be there.
    public init(path: String, patience: Duration = .seconds(2)) { (self.path, self.patience) = (path, patience) }

    /// Why there is no answer.
    public struct Silence: Error, CustomStringConvertible {
        /// For people.
        public let description: String
    }

    /// The answer to a request, a JSON object of the worker's name and what it says. Throws ``Silence``.
    public func ask(_ request: String) async throws -> ByteBuffer {
        do {
            return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
                group.addTask { try await self.exchange(request) }
                group.addTask {
                    try await Task.sleep(for: self.patience)
                    throw Silence(description: "the worker has not answered within \(self.patience)")
                }
                defer { group.cancelAll() }
                return try await group.next()!
            }
        } catch let silence as Silence {
            throw silence
        } catch {
            throw Silence(description: "no worker answers at \(self.path): \(error)")
        }
    }

    private func exchange(_ request: String) async throws -> ByteBuffer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: self.path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { incoming, outgoing in
            try await outgoing.write(ByteBuffer(string: request + "\n"))
            var answer = ByteBuffer()
            for try await var part in incoming {
                answer.writeBuffer(&part)
                guard answer.readableBytes <= Self.longestAnswer else {
                    throw Silence(description: "the worker's answer has more than \(Self.longestAnswer) bytes")
                }
                if answer.readableBytesView.last == UInt8(ascii: "\n") { return answer }
            }
            throw Silence(description: "the worker has closed the connection")
        }
    }
}
