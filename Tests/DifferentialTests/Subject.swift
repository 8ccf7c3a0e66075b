import Compression
import Foundation
import JSON

@testable import Celery
@testable import Schedules

/// A parser of ours that Python has one for, too.
enum Subject: String, CaseIterable, Sendable {
    case json, kombu, msgpack, yaml, envelope, base64, zlib, bzip2, zstd, crontab

    /// What it makes of a document: the value as text, or `!` and why there is none.
    func answer(_ document: [UInt8]) -> String {
        do { return try self.parse(document[...]) } catch { return "!\(error)" }
    }

    private func parse(_ document: ArraySlice<UInt8>) throws -> String {
        switch self {
        case .json: CanonicalText.of(try JSONValue(parsing: document))
        case .kombu: CanonicalText.of(try CeleryValue(parsing: document))
        case .msgpack: CanonicalText.of(try CeleryValue(messagePack: document))
        case .yaml: CanonicalText.of(try CeleryValue(yaml: document))
        case .envelope: CanonicalText.of(try Self.parts(try Envelope(parsing: document)))
        case .base64: CanonicalText.of(.bytes(try Base64.decode(document) ?? { throw Refusal() }()))
        case .zlib: CanonicalText.of(.bytes(try CompressionFormat.zlib.decompress(document)))
        case .bzip2: CanonicalText.of(.bytes(try CompressionFormat.bzip2.decompress(document)))
        case .zstd: CanonicalText.of(.bytes(try CompressionFormat.zstd.decompress(document)))
        case .crontab: Self.fields(try Crontab(line: String(decoding: document, as: UTF8.self)))
        }
    }

    private struct Refusal: Error {}

    private static func fields(_ crontab: Crontab) -> String {
        let sets = [crontab.minutes, crontab.hours, crontab.daysOfMonth, crontab.months, crontab.daysOfWeek]
        return CanonicalText.of(sets.map { $0.sorted() })
    }

    private static func parts(_ envelope: Envelope) throws -> CeleryValue {
        let texts = [
            String(decoding: envelope.bodyText, as: UTF8.self), envelope.contentType, envelope.contentEncoding,
        ]
        let fields = try [envelope.headers, envelope.properties].map { fields in
            var bytes: [UInt8] = []
            fields.write(into: &bytes)
            return try CeleryValue(parsing: bytes[...])
        }
        return .array(texts.map { $0.map(CeleryValue.string) ?? .null } + fields)
    }

    // MARK: Documents

    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Documents to start from: what the fuzzer starts from, and some words of the format.
    var seeds: [[UInt8]] { self.corpus + self.words.map { Array($0.utf8) } }

    /// By the first byte of an input of `FuzzMessages`, which says what the rest is.
    private var kinds: [UInt8] {
        switch self {
        case .json, .kombu: [2]
        case .msgpack: [3]
        case .yaml: [4]
        case .envelope: [0, 1]
        case .base64: [7]
        case .zlib, .bzip2, .zstd: [5]
        case .crontab: []
        }
    }

    private var corpus: [[UInt8]] {
        let directory = Self.root.appending(path: "Fuzz/Corpus/FuzzMessages")
        let files = (try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)) ?? []
        let inputs = files.sorted { $0.path < $1.path }.compactMap { try? Array(Data(contentsOf: $0)) }
        let plain = inputs.filter { input in input.first.map { self.kinds.contains($0 % 9) } ?? false }
        return plain.map { Array($0.dropFirst()) } + self.compressed
    }

    private var compressed: [[UInt8]] {
        guard let format = CompressionFormat(rawValue: self.rawValue) else { return [] }
        let texts = ["", "a", "[[], {}, {}]", String(repeating: "celery ", count: 200)]
        return texts.compactMap { try? format.compress(Array($0.utf8)[...]) }
    }

    /// What mutations put in: words at which parsers of the format differ, where they do.
    var words: [String] {
        switch self {
        case .json, .kombu, .envelope:
            [
                "null", "true", "-0", "0.0", "-0.0", "1e5", "1E+5", "1e400", "12345678901234567890", "01", "1.", ".5",
                "NaN", "Infinity", "-Infinity", #""\u00e9""#, #""\ud83d\ude00""#, #""\ud83d""#, #""\/\b\f""#, #""\x""#,
                "[]", "{}", "[1,]", #"{"a":1,"a":2}"#, #"{"a":}"#, "\u{FEFF}", "\t", "\u{1}", "é",
                #"{"__type__": "datetime", "__value__": "2026-01-02T03:04:05.678900+00:00"}"#,
                #"{"__type__": "date", "__value__": "2026-01-02"}"#, #"{"__type__": "time", "__value__": "03:04:05"}"#,
                #"{"__type__": "decimal", "__value__": "10.50"}"#, #"{"__type__": "bytes", "__value__": "é"}"#,
                #"{"__type__": "base64", "__value__": "/w=="}"#,
                #"{"__type__": "uuid", "__value__": {"hex": "0123456789abcdef0123456789abcdef"}}"#,
                #""delivery_tag""#, #""content-type""#,
            ]
        case .msgpack:
            ["\u{0}", "\u{7f}", "\u{1}", "abc"]
        case .yaml:
            [
                "a: 1\n", "- x\n", "{a: [1, 2.5, null]}", "~", "yes", "0o17", "017", "0x1f", "0b11", "1_000", "1e3",
                "1.0e+3", ".inf", ".nan", "-.inf", "2026-01-02", "2026-01-02T03:04:05Z", "1:30", "=", "<<", "&a", "*a",
                "!!str 1", "!!int \"3\"", "!!binary aGk=", "!!set {a}", "|\n  text\n", ">\n  folded\n", "'it''s'",
                "\"\\u00e9\"", "# comment\n", "---\n", "...\n", "? a\n: b\n", "\u{85}", "\u{FEFF}",
            ]
        case .base64: ["", "Zg==", "Zm8=", "Zm9v", "Zh==", "=", "\n", "-_"]
        case .zlib, .bzip2, .zstd: ["\u{0}"]
        case .crontab:
            [
                "* * * * *", "*/15 0,8-17/2 1-31 jan-dec mon-fri", "58-2 22-3/2 */3 nov-feb fri-mon",
                "0 0 29 2 sun", "1,13,30-33 7 2-30/14 */2 0-6", "*/0", "5/10", "-5", "7", "60", "sunday", "1-5/2",
                "mo", "*/99", ",", "/", "-", "0", "01",
            ]
        }
    }
}
