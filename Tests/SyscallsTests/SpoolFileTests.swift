import Glibc
import SystemPackage
import Testing

@testable import Syscalls

@Suite struct SpoolFileTests {
    private static let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    private static func payload(_ range: Range<Int> = 0..<200_000) throws -> Payload {
        let file = try SpoolFile()
        try self.content.withUnsafeBytes { try file.write($0, at: 0) }
        return .file(file, range)
    }

    @Test func whatWasWrittenIsRead() throws {
        #expect(try Self.payload().bytes().elementsEqual(Self.content))
        #expect(try Self.payload(5..<70_000).bytes().elementsEqual(Self.content[5..<70_000]))
        #expect(try Self.payload(9..<9).bytes().isEmpty)
    }

    @Test func piecesAreBounded() throws {
        var (longest, all): (Int, [UInt8]) = (0, [])
        try Self.payload(1..<150_001).forEachPiece {
            longest = max(longest, $0.count)
            all += $0
        }
        #expect(longest == Payload.pieceSize && all == Self.content[1..<150_001].map { $0 })
    }

    @Test func firstBytesAreReadAlone() throws {
        // What is behind them is not there: whoever read on would fail.
        #expect(try Self.payload(150_000..<300_000).prefix(50_000).elementsEqual(Self.content[150_000...]))
        #expect(try Payload.memory([1, 2, 3]).prefix(2) == [1, 2])
    }

    @Test func bytesBehindTheEndAreAnError() throws {
        let payload = try Self.payload(100_000..<300_000)
        #expect(throws: Errno.ioError) { try payload.bytes() }
    }

    @Test func theFileHasNoName() throws {
        var template = Array("/tmp/spool-XXXXXX".utf8CString)
        let directory = String(cString: mkdtemp(&template))
        let file = try SpoolFile(in: directory)
        let other = Descriptor(owning: try SpoolFile.openAndUnlink(in: directory))
        try Self.content.withUnsafeBytes { try file.write($0, at: 0) }
        #expect(rmdir(directory) == 0, "the directory is empty")
        #expect(fcntl(other.number, F_GETFD) == FD_CLOEXEC)
    }

    @Test func refusalsAreErrnos() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) { try SpoolFile(in: "/nowhere") }
        #expect(throws: Errno.notDirectory) { try SpoolFile(in: "/dev/null") }
    }

    @Test func aFullFileSystemIsAnErrno() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            try Resource.fileSize.setSoftLimit(100_000)
            let file = try SpoolFile()
            #expect(throws: Errno.fileTooLarge) {
                try [UInt8](repeating: 1, count: 200_000).withUnsafeBytes { try file.write($0, at: 0) }
            }
            // What went before the refusal is there.
            #expect(try Payload.file(file, 0..<100_000).bytes().count == 100_000)
        }
    }

    @Test func tooManyOpenFilesAreAnErrno() async {
        await #expect(processExitsWith: .success) {
            try Resource.openFiles.setSoftLimit(3)
            #expect(throws: Errno.tooManyOpenFiles) { try SpoolFile() }
        }
    }

    /// A queue writes memory and files in the order in which they were added, whatever the reader takes.
    @Test(arguments: [1_000, 4_096, 70_000, Int.max]) func aQueueWritesPartsOfFiles(limit: Int) throws {
        let pipe = try Pipe()
        try setNonblocking(pipe.writing.number)
        var queue = WriteQueue()
        queue.add { $0 += Array("head".utf8) }
        queue.add(try Self.payload(3..<150_003))
        queue.add { $0 += Array("tail".utf8) }
        #expect(queue.count == 150_008)
        var buffer = [UInt8](repeating: 0, count: 50_000)
        var received: [UInt8] = []
        while !queue.isEmpty {
            _ = try queue.write(upTo: limit, to: pipe.writing.number)
            let result = try buffer.withUnsafeMutableBytes { try Syscalls.read(pipe.reading.number, into: $0) }
            if case .bytes(let count) = result { received += buffer[..<count] }
        }
        while received.count < 150_008 {
            let result = try buffer.withUnsafeMutableBytes { try Syscalls.read(pipe.reading.number, into: $0) }
            if case .bytes(let count) = result { received += buffer[..<count] }
        }
        #expect(received == Array("head".utf8) + Self.content[3..<150_003] + Array("tail".utf8))
    }
}
