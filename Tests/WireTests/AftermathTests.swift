import Testing

@testable import Wire

struct AftermathTests {
    private func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }

    private var full: Aftermath {
        var aftermath = Aftermath()
        aftermath.publications = [
            Aftermath.Publication(queue: self.bytes("celery"), priority: 9, message: self.bytes("{}")),
            Aftermath.Publication(queue: self.bytes("ä"), priority: 0, message: []),
        ]
        aftermath.children = self.bytes("[[[\"a\", null], null]]")
        aftermath.failedSteps = [Aftermath.FailedStep(id: self.bytes("x"), groupID: [], parentID: self.bytes("p"))]
        aftermath.documentMembers = self.bytes("\"name\": \"a\"")
        return aftermath
    }

    private func payload(_ aftermath: Aftermath) throws -> Bytes {
        var frame: [UInt8] = []
        aftermath.write(delivery: 7, into: &frame)
        var decoder = FrameDecoder(.reports)
        frame.withUnsafeBytes { decoder.append($0) }
        let (header, payload) = try #require(try decoder.next())
        #expect(header == FrameHeader(.aftermath, length: frame.count - FrameHeader.size, delivery: 7))
        return payload
    }

    @Test func whatIsWrittenIsRead() throws {
        #expect(try Aftermath(decoding: try self.payload(self.full)) == self.full)
        #expect(try Aftermath(decoding: try self.payload(Aftermath())) == Aftermath())
    }

    /// A cut in the middle of an item is an error; one between two items leaves the items before it.
    @Test func everyCutIsReadOrRefused() throws {
        let payload = try self.payload(self.full)
        var read = 0
        for end in payload.indices {
            guard let aftermath = try? Aftermath(decoding: payload[..<end]) else { continue }
            read += 1
            #expect(aftermath.publications.count <= 2 && aftermath != self.full)
        }
        #expect(read == 5)
    }

    @Test(
        arguments: [[9, 0, 0, 0, 0], [1, 255, 255, 255, 255], [1, 3, 0, 0, 0, 10, 0, 0], [3, 0, 0, 0, 0]] as [[UInt8]])
    func otherBytesAreRefused(bytes: [UInt8]) {
        #expect(throws: FrameError.badPayload(.aftermath)) { try Aftermath(decoding: bytes[...]) }
    }
}
