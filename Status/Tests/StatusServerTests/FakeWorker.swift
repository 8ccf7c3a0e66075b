import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A worker's socket with somebody behind it who says what a test wants, a line for a line.
final class FakeWorker: Sendable {
    let path = "\(NSTemporaryDirectory())/status-\(UInt32.random(in: .min ... .max))"
    private let requests = Mutex<[String]>([])
    private let channel = Mutex<(any Channel)?>(nil)

    /// Requests that have come.
    var asked: [String] { self.requests.withLock { $0 } }

    /// Listens.
    ///
    /// - Parameter answer: the answer to a request; `nil` for none.
    init(_ answer: @escaping @Sendable (String) -> String?) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Desk { self.hear($0, answer) })
                }
            }
            .bind(unixDomainSocketPath: self.path).get()
        self.channel.withLock { $0 = channel }
    }

    private func hear(_ line: String, _ answer: (String) -> String?) -> String? {
        self.requests.withLock { $0.append(line) }
        return answer(line)
    }

    /// Is there no more.
    func stop() async throws {
        try await self.channel.withLock { $0 }?.close()
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

private final class Desk: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: (String) -> String?

    init(_ answer: @escaping (String) -> String?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let answer = self.answer(String(buffer: self.unwrapInboundIn(data))) else { return }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: answer + "\n")), promise: nil)
    }
}
