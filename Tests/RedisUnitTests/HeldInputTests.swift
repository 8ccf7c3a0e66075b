import Syscalls
import Testing

@testable import Redis

/// Bytes that a stream has taken from its descriptor: nothing in the loop tells of them.
@Suite struct HeldInputTests {
    /// Answers every command, with a descriptor that never becomes readable.
    final class HoldingStream: ByteStream, Endpoint {
        private let pipe: Pipe
        private var held: [UInt8] = []

        init() throws { self.pipe = try Pipe() }

        var description: String { "held" }
        var descriptor: CInt { self.pipe.writing.number }
        private var isConnected = false
        var wanted: Readiness { self.isConnected ? [] : .writable }
        var holdsInput: Bool { !self.held.isEmpty }

        func open() throws -> any ByteStream { self }

        func finishConnecting() throws -> Bool {
            self.isConnected = true
            return true
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> ReadResult {
            if self.held.isEmpty { return .wouldBlock }
            buffer.copyBytes(from: self.held)
            defer { self.held = [] }
            return .bytes(self.held.count)
        }

        func write(_ queue: inout WriteQueue) throws -> WriteResult {
            let result = try queue.write(upTo: .max) { .bytes($0.count) }
            if case .bytes(1...) = result { self.held += "+OK\r\n".utf8 }
            return result
        }
    }

    @Test func aConnectionReadsWhatItsStreamHolds() throws {
        let bench = try Bench()
        let stream = try HoldingStream()
        let connection = bench.connect(to: stream)
        try bench.run("ready", within: .seconds(3)) { connection.isReady }
        bench.ask(connection, Command("x"))
        try bench.run("the answer", within: .seconds(3)) { connection.unanswered == 0 }
        #expect(bench.losses == [])
    }

    @Test(
        .enabled(if: RealServer.isInstalled, "redis-server is not installed"),
        .enabled(if: Certificates.isInstalled, "openssl is not installed"))
    func aDecryptedRecordIsHeldUntilItIsRead() throws {
        let server = try TLSTests.server("server")
        let stream = try Server(try TLSTests.url(server.port)).open()
        while try !stream.finishConnecting() { self.wait(for: stream) }
        var queue = WriteQueue()
        Command("ECHO", "0123456789").write(to: &queue)
        while !queue.isEmpty { _ = try stream.write(&queue) }
        var answer: [UInt8] = []
        while answer.count < 17 {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 5, alignment: 1)
            defer { buffer.deallocate() }
            switch try stream.read(into: buffer) {
            case .bytes(let count):
                answer += buffer.prefix(count)
                // The socket has nothing more to tell, the stream has, but for a last short piece.
                #expect(stream.holdsInput == (count == 5))
            case .wouldBlock: self.wait(for: stream)
            case .endOfFile: throw ProtocolError(text: "the server stays")
            }
        }
        #expect(String(decoding: answer, as: UTF8.self) == "$10\r\n0123456789\r\n")
        #expect(!stream.holdsInput)
    }

    private func wait(for stream: any ByteStream) {
        let wantsToWrite = stream.wanted.contains(.writable)
        _ =
            wantsToWrite
            ? isWritable(stream.descriptor, within: .seconds(30)) : isReadable(stream.descriptor, within: .seconds(30))
    }
}
