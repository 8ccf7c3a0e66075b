import Runtime

/// Finds names and lines for the addresses of a crash.
///
/// Only in a process with the address layout of the crashed one: forked from the same parent. It reads the program file
/// and its debug information, and keeps what it read: use a process that ends afterwards. It starts no threads.
public enum Symbolizer {
    // Captured once: `Runtime` maps the files it reads, and a later capture would take these mappings for the code.
    private static let images = ImageMap.capture()

    /// Describes the crash in as much detail as the program's debug information allows: signal and addresses at least.
    public static func describe(_ record: CrashRecord) -> CrashDescription {
        // A recursion repeats addresses, and each costs a search.
        var known: [CrashRecord.Address: [CrashDescription.Frame]] = [:]
        let frames = record.addresses.flatMap { address in
            let frames = known[address] ?? self.frames(at: address)
            known[address] = frames
            return frames
        }
        return CrashDescription(record, frames: frames)
    }

    /// The function at an address, after those that were inlined into it there.
    private static func frames(at address: CrashRecord.Address) -> [CrashDescription.Frame] {
        guard let symbolicated = try? Backtrace(address).symbolicated(with: images), !symbolicated.frames.isEmpty else {
            return [CrashDescription.Frame(nil, at: address, in: images)]
        }
        // A thunk is the compiler's code around a function that follows in any case.
        return symbolicated.frames.filter { !$0.isSwiftThunk }.map {
            CrashDescription.Frame($0, at: address, in: images)
        }
    }
}

extension CrashDescription.Frame {
    fileprivate init(_ frame: SymbolicatedBacktrace.Frame?, at address: CrashRecord.Address, in images: ImageMap) {
        let image = images.indexOfImage(at: Backtrace.Address(address.instruction)).map { images[$0] }
        let location = frame?.symbol?.sourceLocation
        self.init(
            function: frame?.symbol?.knownName,
            file: location?.path,
            line: location?.line ?? 0,
            column: location?.column ?? 0,
            image: image?.name,
            address: address.instruction - (image.flatMap { UInt64($0.baseAddress) } ?? 0),
            isInlined: frame?.inlined ?? false,
            isRuntimeFailure: frame?.isSwiftRuntimeFailure ?? false
        )
    }
}

extension SymbolicatedBacktrace.Symbol {
    /// The demangled name; nil where `Runtime` puts a stand-in.
    fileprivate var knownName: String? { self.rawName == "<unknown>" ? nil : self.name }
}
