/// The candidate that a misspelt name most likely means, or `nil` when none is near.
///
/// Near is a third of the candidate's length (at least one) in insertions, deletions, replacements and swaps of
/// neighbours, by byte.
public func nearestMatch(to name: String, in candidates: some Sequence<String>) -> String? {
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let reach = max(1, candidate.utf8.count / 3)
        // Also keeps the work bounded for a name of any length.
        guard abs(candidate.utf8.count - name.utf8.count) <= reach else { continue }
        let distance = editDistance(Array(name.utf8), Array(candidate.utf8))
        if distance <= reach, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
}

/// The Damerau–Levenshtein distance in its optimal string alignment form.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for i in left.indices {
        var current = [i + 1]
        for j in right.indices {
            let replaced = previous[j] + (left[i] == right[j] ? 0 : 1)
            var distance = min(replaced, previous[j + 1] + 1, current[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                distance = min(distance, beforePrevious[j - 1] + 1)
            }
            current.append(distance)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
}
