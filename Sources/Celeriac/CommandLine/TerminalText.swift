/// A text of foreign origin for a terminal: what would command it, or change the order of what it shows, is written out.
///
/// - Parameter keepsLines: Whether line ends and tabs stay, as in a traceback; otherwise it is one line.
func terminalText(_ text: String, keepsLines: Bool = false) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        if keepsLines && (scalar == "\n" || scalar == "\t") || !isHarmful(scalar) {
            result.append(scalar)
        } else {
            result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
        }
    }
    return String(result)
}

private func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: scalar.properties.isBidiControl
    }
}
