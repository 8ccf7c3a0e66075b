/// A difference between our parsers and Python's that is meant.
struct KnownDifference: Sendable {
    /// A document that they make something different of.
    struct Case: CustomStringConvertible {
        let document: [UInt8]
        /// The value as text, or `!` and why there is none.
        let ours: String
        let theirs: String

        var isRefusedByUs: Bool { self.ours.hasPrefix("!") }
        var isRefusedByThem: Bool { self.theirs.hasPrefix("!") }
        var text: String { String(decoding: self.document, as: UTF8.self) }
        var description: String {
            "\(String(reflecting: self.text)): we say \(self.ours.prefix(300)); they say \(self.theirs.prefix(300))"
        }
    }

    let name: String
    let explains: @Sendable (Subject, Case) -> Bool

    private init(_ name: String, _ explains: @escaping @Sendable (Subject, Case) -> Bool) {
        (self.name, self.explains) = (name, explains)
    }

    static let all = [
        KnownDifference("base64 has one spelling") { subject, made in
            let hasBase64 = subject == .base64 || made.text.contains("base64") || made.text.contains("!!binary")
            return made.isRefusedByUs && hasBase64
        },
        KnownDifference("kombu's types are read as kombu writes them") { subject, made in
            (subject == .kombu || subject == .envelope) && made.ours.contains("that cannot be read.")
        },
        KnownDifference("reserved extension codes are carried") { _, made in made.theirs.contains("code must be 0~127")
        },
        KnownDifference("a compressed body is one stream") { _, made in
            made.ours.contains("more bytes after the compressed stream")
        },
        KnownDifference("no bytes are no stream") { subject, made in subject == .bzip2 && made.document.isEmpty },
        KnownDifference("a key twice is refused") { _, made in
            made.ours.contains("duplicated key") || made.ours.contains("key that the object already has")
        },
        KnownDifference("YAML's keys are texts, as they are written") { subject, made in
            subject == .yaml && made.theirs.contains("a key that is no text")
        },
        KnownDifference("what is no time of YAML in Python's form is text") { subject, made in
            subject == .yaml && (made.theirs.contains("T") || made.theirs.hasPrefix("!ValueError"))
        },
        KnownDifference("YAML's merge key is refused") { subject, made in
            subject == .yaml && made.ours.contains("tag:yaml.org,2002:merge")
        },
        KnownDifference("libyaml takes some white space and comments that PyYAML does not") { subject, made in
            let errors = ["!ScannerError", "!ParserError", "!ReaderError"]
            return subject == .yaml && errors.contains { made.theirs.hasPrefix($0) }
        },
        KnownDifference("libyaml drops the mark of the byte order wherever it stands") { subject, made in
            subject == .yaml && made.text.unicodeScalars.contains("\u{FEFF}")
        },
        KnownDifference("YAML's tag ! alone means text") { subject, made in
            subject == .yaml && made.text.contains(/(^|[\s\[{,])!(\s|$)/)
        },
        KnownDifference("YAML's numbers in base 60 have 64 bits") { subject, made in
            subject == .yaml && made.ours.contains("its YAML type tag:yaml.org,2002:int") && made.text.contains(":")
        },
        KnownDifference("nothing may stand behind a field of a crontab") { subject, made in
            let reasons = [
                "is no value", "is no step", "is no range", "a step needs", "fields", "missing", "empty part",
            ]
            return subject == .crontab && reasons.contains { made.ours.contains($0) }
        },
        KnownDifference("7 is Sunday") { subject, made in
            subject == .crontab && made.isRefusedByThem && made.text.split(separator: " ").last?.contains("7") == true
        },
        KnownDifference("a crontab that never fires is refused") { subject, made in
            subject == .crontab && made.ours.contains("it never fires")
        },
    ]
}
