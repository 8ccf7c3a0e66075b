import Syscalls
import SystemPackage
import Wire

/// The pages in which the children of a worker leave their notes: one file, read when one of them has come to grief.
struct BreadcrumbFile: ~Copyable {
    /// What templates inherit.
    let descriptor: Descriptor

    init() throws(Errno) {
        self.descriptor = try sharedMemory(
            named: "celeriac-breadcrumbs", byteCount: BreadcrumbWriter.mostPages * BreadcrumbPage.byteCount)
    }

    /// What a child has left; `nil` when it has no page.
    ///
    /// - Parameters:
    ///   - place: its place among the children that are alive.
    ///   - child: its number.
    borrowing func page(at place: Int, child: UInt64) -> BreadcrumbPage? {
        guard place < BreadcrumbWriter.mostPages else { return nil }
        let bytes = read(
            self.descriptor.number, at: place * BreadcrumbPage.byteCount, count: BreadcrumbPage.byteCount)
        return BreadcrumbPage(bytes, child: child)
    }
}
