import CShims
import Glibc

/// Lets no other process of this one's user read its memory, its environment or its descriptors, or attach to it
/// (`PR_SET_DUMPABLE` 0). It leaves no core file either. The superuser may still do all of it.
public func hideOwnMemory() { _ = celeriac_hide_memory() }

/// Writes another text over each argument of this process's command line in which `text` stands, where `ps` shows it.
///
/// The new text is cut, or filled with `*`, to the length of the old one. Arguments that were read before stay as they are.
public func maskOwnArguments(_ text: String, as masked: String) {
    guard text != masked, !text.isEmpty, let range = argumentMemory() else { return }
    let arguments = UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: range.lowerBound), count: range.count)
    let old = Array(text.utf8)
    let new = Array(masked.utf8.prefix(old.count)) + Array(repeating: UInt8(ascii: "*"), count: old.count)
    var offset = 0
    while offset + old.count <= arguments.count {
        guard arguments[offset..<offset + old.count].elementsEqual(old) else {
            offset += 1
            continue
        }
        for index in old.indices { arguments[offset + index] = new[index] }
        offset += old.count
    }
}

/// Where the kernel reads this process's command line from (`/proc/self/stat`, fields 48 and 49).
private func argumentMemory() -> Range<UInt>? {
    guard let stat = try? readTextFile("/proc/self/stat"), let nameEnd = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
    // After the name: state is field 3.
    guard fields.count > 46, let start = UInt(fields[45]), let end = UInt(fields[46]), 0 < start, start < end else {
        return nil
    }
    return start..<end
}
