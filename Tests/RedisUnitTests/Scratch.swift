import Glibc

/// A directory of its own for each test, gone afterwards with the files in it.
final class Scratch {
    let directory: String

    init() {
        var template = Array("/tmp/redis-XXXXXX".utf8CString)
        self.directory = String(cString: mkdtemp(&template))
    }

    func write(_ text: String, to name: String) throws {
        let file = fopen(self.path(name), "w")!
        defer { fclose(file) }
        fputs(text, file)
    }

    func path(_ name: String) -> String { self.directory + "/" + name }

    deinit { self.remove() }

    func remove() {
        guard let stream = opendir(self.directory) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink(self.path(name))
        }
        closedir(stream)
        rmdir(self.directory)
    }
}
