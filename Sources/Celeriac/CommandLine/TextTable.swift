/// Rows of text in columns that line up, two spaces between them.
struct TextTable {
    private var rows: [[String]]
    private let rightAligned: Set<Int>

    /// A table with a head. Columns with these indexes are aligned at their right.
    init(_ head: [String], rightAligned: Set<Int> = []) {
        self.rows = [head]
        self.rightAligned = rightAligned
    }

    /// Adds a row.
    mutating func add(_ row: [String]) { self.rows.append(row) }

    /// The table, without a newline at its end.
    var text: String {
        let widths = self.rows[0].indices.map { column in self.rows.map { $0[column].count }.max() ?? 0 }
        return self.rows.map { row in
            let cells = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return self.rightAligned.contains(column) ? space + row[column] : row[column] + space
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
