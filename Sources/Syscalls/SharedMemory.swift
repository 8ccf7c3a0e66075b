import CShims
import Glibc
import SystemPackage

/// An unnamed file in memory of a fixed size, which no holder can change (`memfd_create(2)`, sealed).
///
/// Its pages take memory once they are written.
public func sharedMemory(named name: String, byteCount: Int) throws(Errno) -> Descriptor {
    Descriptor(owning: try check(celeriac_shared_memory(name, byteCount)))
}

/// Maps part of such a file for reading and writing, for the rest of the process's life (`mmap(2)`).
public func mapShared(_ descriptor: CInt, at offset: Int, byteCount: Int) -> UnsafeMutableRawPointer? {
    let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, offset)
    return memory == UnsafeMutableRawPointer(bitPattern: -1) ? nil : memory
}

/// Reads up to `count` bytes from a place in a file (`pread(2)`); fewer at its end, none after an error.
public func read(_ descriptor: CInt, at offset: Int, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = max(0, pread(descriptor, buffer.baseAddress!, count, offset))
    }
}
