import Testing

@testable import Compression

@Suite struct CompressionTests {
    static let samples: [[UInt8]] = [
        [], [7], Array("hello, hello, hello".utf8), Array(repeating: 0x61, count: 300_000),
        (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) },
    ]

    @Test(arguments: CompressionFormat.allCases)
    func whatIsCompressedComesBack(_ format: CompressionFormat) throws {
        for sample in Self.samples {
            let compressed = try format.compress(sample[...])
            #expect(try format.decompress(compressed[...], limits: DecompressionLimits(maxRatio: .max)) == sample)
        }
    }

    @Test(arguments: CompressionFormat.allCases)
    func everyTruncationIsAnError(_ format: CompressionFormat) throws {
        let compressed = try format.compress(Self.samples[2][...])
        for count in 0..<compressed.count {
            #expect(throws: CompressionError.truncated) { try format.decompress(compressed.prefix(count)) }
        }
    }

    @Test(arguments: CompressionFormat.allCases)
    func bytesBehindTheEndAreAnError(_ format: CompressionFormat) throws {
        let compressed = try format.compress(Self.samples[2][...]) + [0]
        #expect(throws: CompressionError.trailingBytes) { try format.decompress(compressed[...]) }
    }

    @Test(arguments: CompressionFormat.allCases)
    func damagedBytesAreAnErrorOrOtherBytes(_ format: CompressionFormat) throws {
        let compressed = try format.compress(Self.samples[4][...].prefix(4000))
        for position in 0..<compressed.count {
            var damaged = compressed
            damaged[position] ^= 0x5A
            _ = try? format.decompress(damaged[...])
        }
        #expect(throws: CompressionError.damaged) { try format.decompress(Array("not compressed".utf8)[...]) }
    }

    @Test(arguments: CompressionFormat.allCases)
    func outputIsLimited(_ format: CompressionFormat) throws {
        let compressed = try format.compress(Self.samples[4][...])
        let limits = DecompressionLimits(maxOutput: 100_000)
        #expect(throws: CompressionError.tooLarge) { try format.decompress(compressed[...], limits: limits) }
        let exact = DecompressionLimits(maxOutput: Self.samples[4].count)
        #expect(try format.decompress(compressed[...], limits: exact).count == Self.samples[4].count)
    }

    @Test(arguments: CompressionFormat.allCases)
    func ratioIsLimitedAboveTheFloor(_ format: CompressionFormat) throws {
        let bomb = try format.compress([UInt8](repeating: 0, count: 32 << 20)[...])
        #expect(bomb.count < 64 << 10)
        #expect(throws: CompressionError.ratioTooHigh) { try format.decompress(bomb[...]) }
        let small = try format.compress([UInt8](repeating: 0, count: 1 << 20)[...])
        #expect(try format.decompress(small[...]).count == 1 << 20)
    }

    @Test func gzipFilesAreReadAsZlib() throws {
        let gzip: [UInt8] = [
            0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0x02, 0xFF, 0x4B, 0x4C, 0x4A, 0x06, 0x00, 0xC2, 0x41, 0x24, 0x35, 3, 0, 0,
            0,
        ]
        #expect(try CompressionFormat.zlib.decompress(gzip[...]) == Array("abc".utf8))
    }

    @Test func zstdFrameWithAHugeWindowIsRefused() {
        // Magic number, no checksum or size, a window of 2^31 bytes.
        let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00]
        #expect(throws: CompressionError.noMemory) { try CompressionFormat.zstd.decompress(frame[...]) }
    }
}
