import Syscalls
import SystemPackage
import Testing

@Suite struct DescriptorTests {
    static func readByte(_ descriptor: CInt) throws -> ReadResult {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { (buffer) throws(Errno) in try read(descriptor, into: buffer) }
    }

    static func write(_ count: Int, to descriptor: CInt) throws -> WriteResult {
        try [UInt8](repeating: 65, count: count).withUnsafeBytes { (bytes) throws(Errno) in
            try Syscalls.write(bytes, to: descriptor)
        }
    }

    @Test func aNonblockingPipeSaysThatItIsEmptyThenReadableThenAtItsEnd() throws {
        let pipe = try Pipe()
        try setNonblocking(pipe.reading.number)
        #expect(try Self.readByte(pipe.reading.number) == .wouldBlock)
        #expect(!isReadable(pipe.reading.number))
        #expect(isWritable(pipe.writing.number))
        #expect(try Self.write(1, to: pipe.writing.number) == .bytes(1))
        #expect(isReadable(pipe.reading.number))
        #expect(try Self.readByte(pipe.reading.number) == .bytes(1))
        // Both ends lead to the same reader now: the last writer is gone.
        try duplicate(pipe.reading.number, onto: pipe.writing.number)
        #expect(isReadable(pipe.reading.number), "the end counts as readable")
        #expect(try Self.readByte(pipe.reading.number) == .endOfFile)
    }

    @Test func aFullPipeTakesPartThenNothing() throws {
        let pipe = try Pipe()
        try setNonblocking(pipe.writing.number)
        guard case .bytes(let first) = try Self.write(1 << 20, to: pipe.writing.number) else {
            Issue.record("nothing taken")
            return
        }
        #expect(first < 1 << 20)
        #expect(try Self.write(1, to: pipe.writing.number) == .wouldBlock)
        #expect(!isWritable(pipe.writing.number))
    }

    @Test func aPipeThatNobodyReadsSaysSo() throws {
        try setDisposition(of: .brokenPipe, to: .ignored)
        let pipe = try Pipe()
        try duplicate(pipe.writing.number, onto: pipe.reading.number)
        #expect(try Self.write(1, to: pipe.writing.number) == .noReader)
    }

    @Test func aBadDescriptorIsAnError() {
        #expect(throws: Errno.badFileDescriptor) { try Self.readByte(-1) }
        #expect(throws: Errno.badFileDescriptor) { try Self.write(1, to: -1) }
        #expect(throws: Errno.badFileDescriptor) { try setNonblocking(-1) }
    }

    @Test func aMemoryFileIsReadFromItsStart() throws {
        let content = [UInt8]((0..<100_000).map { UInt8(truncatingIfNeeded: $0 % 26 + 97) })
        let file = try memoryFile(named: "test", content: content)
        #expect(Shell.readAll(file.number) == String(decoding: content, as: UTF8.self))
        #expect(try Self.readByte(file.number) == .endOfFile)
        let empty = try memoryFile(named: "empty", content: [])
        #expect(try Self.readByte(empty.number) == .endOfFile)
    }
}

@Suite struct MessageSocketTests {
    @Test func messagesKeepTheirBoundariesAndCarryDescriptors() throws {
        let pair = try MessageSocket.pair()
        let pipe = try Pipe()
        #expect(try pair.first.send([1, 2, 3], descriptors: [pipe.reading.number, pipe.writing.number]) == .bytes(3))
        #expect(try pair.first.send([4]) == .bytes(1))
        guard case .message(let bytes, let descriptors) = try pair.second.receive() else {
            Issue.record("no message")
            return
        }
        #expect(bytes == [1, 2, 3])
        #expect(descriptors.count == 2)
        let writing = Descriptor(owning: descriptors[1])
        let reading = Descriptor(owning: descriptors[0])
        #expect(try DescriptorTests.write(1, to: writing.number) == .bytes(1))
        #expect(try DescriptorTests.readByte(pipe.reading.number) == .bytes(1), "the same pipe")
        #expect(reading.number != pipe.reading.number)
        #expect(try pair.second.receive() == .message([4], descriptors: []))
    }

    @Test func anEmptyOrClosedSocketSaysSo() throws {
        let pair = try MessageSocket.pair()
        try setNonblocking(pair.second.descriptor.number)
        #expect(try pair.second.receive() == .wouldBlock)
        let nothing = try memoryFile(named: "nothing", content: [])
        try duplicate(nothing.number, onto: pair.first.descriptor.number)
        #expect(try pair.second.receive() == .endOfFile)
        #expect(try pair.second.send([1]) == .noReader)
    }

    @Test func tooManyDescriptorsAreRefused() throws {
        let pair = try MessageSocket.pair()
        #expect(throws: Errno.invalidArgument) {
            try pair.first.send([1], descriptors: [CInt](repeating: pair.first.descriptor.number, count: 9))
        }
    }
}
