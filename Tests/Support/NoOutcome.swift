/// A line of standard output that should have been an outcome.
package struct NoOutcome: Error, CustomStringConvertible {
    package let line: String

    package var description: String { "no outcome: \(self.line)" }
}
