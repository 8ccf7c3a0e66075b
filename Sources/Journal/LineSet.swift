/// A set of line numbers that costs 16 bytes for each run of neighbours, however long the run.
///
/// Tasks finish in nearly the order of their lines, so that a million of them are a few runs.
struct LineSet: Equatable {
    /// The runs, ascending, with a gap between each two.
    private(set) var runs: [Range<Int>] = []

    /// Whether `line` is in the set.
    func contains(_ line: Int) -> Bool {
        let next = self.firstRun(after: line)
        return next > 0 && self.runs[next - 1].contains(line)
    }

    /// Adds `line`, which is below `Int.max`. Returns false when the set has it already.
    mutating func insert(_ line: Int) -> Bool {
        let next = self.firstRun(after: line)
        if next > 0, self.runs[next - 1].contains(line) { return false }
        let extendsPrevious = next > 0 && self.runs[next - 1].upperBound == line
        let extendsNext = next < self.runs.count && self.runs[next].lowerBound == line + 1
        switch (extendsPrevious, extendsNext) {
        case (true, true):
            self.runs[next - 1] = self.runs[next - 1].lowerBound..<self.runs[next].upperBound
            self.runs.remove(at: next)
        case (true, false): self.runs[next - 1] = self.runs[next - 1].lowerBound..<line + 1
        case (false, true): self.runs[next] = line..<self.runs[next].upperBound
        case (false, false): self.runs.insert(line..<line + 1, at: next)
        }
        return true
    }

    /// The index of the first run that starts above `line`.
    private func firstRun(after line: Int) -> Int {
        var (low, high) = (0, self.runs.count)
        while low < high {
            let middle = (low + high) / 2
            if self.runs[middle].lowerBound > line { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
