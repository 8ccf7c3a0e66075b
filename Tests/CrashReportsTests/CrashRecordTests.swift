import CCrash
import Glibc
import Testing

@testable import CrashReports

@Suite struct CrashRecordTests {
    @Test func recordIsDecoded() throws {
        let record = try #require(CrashRecord(encode { _ in }))
        #expect(record.signal == SIGSEGV)
        #expect(record.thread == 12)
        #expect(record.faultAddress == 0x10)
        #expect(record.addresses == [.programCounter(0x1000), .returnAddress(0x2000)])
        #expect(record.message == "no")
        #expect(record.notes == [])
    }

    @Test func recordFitsAPipeWithItsPrefix() {
        #expect(CrashRecord.byteCount + CrashHandler.longestPrefix <= 4096)
    }

    @Test(arguments: [0, 1, CrashRecord.byteCount - 1, CrashRecord.byteCount + 1])
    func otherSizeIsRefused(size: Int) {
        let bytes = encode { _ in } + [0]
        #expect(CrashRecord(bytes.prefix(size)) == nil)
    }

    @Test func unknownMagicVersionOrCountIsRefused() {
        #expect(CrashRecord(encode { $0.magic += 1 }) == nil)
        #expect(CrashRecord(encode { $0.version += 1 }) == nil)
        #expect(CrashRecord(encode { $0.count = UInt16(CELERIAC_CRASH_ADDRESSES) + 1 }) == nil)
    }

    @Test func messageMayFillItsPlaceAndNeedNotBeText() throws {
        let bytes = encode { record in
            withUnsafeMutableBytes(of: &record.message) { $0.copyBytes(from: repeatElement(0xff, count: $0.count)) }
        }
        #expect(try #require(CrashRecord(bytes)).message.count == Int(CELERIAC_CRASH_MESSAGE))
    }

    @Test(arguments: 0..<200)
    func noiseIsDescribedOrRefused(seed: UInt64) {
        var noise = Noise(state: seed)
        var bytes = encode { record in
            withUnsafeMutableBytes(of: &record) { for index in 8..<$0.count { $0[index] = noise.next() } }
            record.count = UInt16(seed) % 80
        }
        if seed % 10 == 0 { bytes[Int(seed) % 8] ^= 1 }
        guard let record = CrashRecord(bytes) else { return }
        #expect(!Symbolizer.describe(record).description.isEmpty)
    }

    private func encode(_ change: (inout celeriac_crash_record) -> Void) -> [UInt8] {
        var record = celeriac_crash_record()
        record.magic = CELERIAC_CRASH_MAGIC
        record.version = UInt16(CELERIAC_CRASH_VERSION)
        record.count = 1
        record.signal = SIGSEGV
        record.code = 1
        record.thread = 12
        record.fault_address = 0x10
        record.program_counter = 0x1000
        record.addresses.0 = 0x2000
        record.message.0 = CChar(UInt8(ascii: "n"))
        record.message.1 = CChar(UInt8(ascii: "o"))
        change(&record)
        return withUnsafeBytes(of: record, Array.init)
    }
}

/// A reproducible source of bytes.
private struct Noise {
    var state: UInt64

    mutating func next() -> UInt8 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: self.state >> 33)
    }
}
