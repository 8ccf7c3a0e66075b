/// Something that a test waited for in vain.
package struct Overdue: Error, CustomStringConvertible {
    let what: String
    let seconds: Double
    let outcomes: Int
    let errorText: String

    package var description: String {
        "no sign of \(self.what) within \(self.seconds) s; \(self.outcomes) outcomes; standard error:\n"
            + self.errorText.suffix(3_000)
    }
}
