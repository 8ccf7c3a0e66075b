import Schedules
import Supervision

/// The value of one setting, of the type that its key demands.
enum SettingValue: Equatable, Sendable {
    case unlimited
    case auto
    case count(Int)
    case duration(Duration)
    case size(ByteCount)
    case boolean(Bool)
    case text(String)
    case command([CommandTemplate])
    case environment([String: String])
    case url(String)
    case names([String])
    case rate(Rate)
    case argument(CommandTemplate)
    /// JSON text.
    case json(String)
    case crontab(Crontab)
}

extension SettingValue: CustomStringConvertible {
    /// The value as the configuration file writes it.
    var description: String {
        switch self {
        case .unlimited: quoted("none")
        case .auto: quoted("auto")
        case .count(let count): "\(count)"
        case .duration(let duration): quoted(duration.unitDescription)
        case .size(let size): quoted(size.description)
        case .boolean(let value): "\(value)"
        case .text(let text): quoted(text)
        case .url(let url): quoted(masked(url: url))
        case .rate(let rate): quoted(rate.text)
        case .argument(let template): quoted(template.description)
        case .json(let text): text
        case .crontab(let crontab): quoted(crontab.description)
        case .names(let names): "[\(names.map(quoted).joined(separator: ", "))]"
        case .command(let templates): "[\(templates.map { quoted($0.description) }.joined(separator: ", "))]"
        case .environment(let variables):
            "{ \(variables.sorted { $0.key < $1.key }.map(assignment).joined(separator: ", ")) }"
        }
    }
}

/// A variable of a command, without what may be a secret.
private func assignment(_ variable: (key: String, value: String)) -> String {
    let words = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH"]
    let isSecret = words.contains { variable.key.uppercased().contains($0) }
    return "\(keyText(variable.key)) = \(quoted(isSecret ? "**" : maskingLogins(in: variable.value)))"
}

/// The text as a TOML string.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// The text as a TOML key, in quotes only when it needs them.
func keyText(_ name: String) -> String {
    let isBare =
        !name.isEmpty
        && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    return isBare ? name : quoted(name)
}

/// The URL with `**` in place of its password: settings are shown to people and stand in logs.
func masked(url: String) -> String {
    guard let mark = url.firstRange(of: "://"), let at = url[mark.upperBound...].lastIndex(of: "@"),
        let colon = url[mark.upperBound..<at].firstIndex(of: ":")
    else { return url }
    return url[...colon] + "**" + url[at...]
}
