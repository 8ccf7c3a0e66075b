/// One line of `/proc/self/mountinfo`, as far as it concerns control groups.
struct ControlGroupMount: Equatable {
    /// What of the hierarchy is mounted: `/`, or a group of it.
    let root: String
    /// Where.
    let directory: String
    /// Whether it is the hierarchy of version 2.
    let isUnified: Bool
    /// Options of the file system: with version 1 the controllers are among them.
    let options: [Substring]

    /// All mounts of control groups in the text of `/proc/self/mountinfo`.
    static func all(_ text: String) -> [ControlGroupMount] {
        text.split(separator: "\n").compactMap(Self.init)
    }

    /// `36 35 0:29 /root /directory rw shared:1 - cgroup source rw,memory`
    private init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        guard let end = fields.firstIndex(of: "-"), end >= 6, fields.count > end + 3 else { return nil }
        guard fields[end + 1] == "cgroup" || fields[end + 1] == "cgroup2" else { return nil }
        self.root = Self.unescaped(fields[3])
        self.directory = Self.unescaped(fields[4])
        self.isUnified = fields[end + 1] == "cgroup2"
        self.options = fields[end + 3].split(separator: ",")
    }

    /// The kernel writes blanks, tabs, newlines and backslashes as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
