import Foundation

/// Rows under headings, as wide as they need to be.
package struct Table {
    private let headings: [String]
    private let rows: [[String]]

    package init(headings: [String], rows: [[String]]) {
        self.headings = headings
        self.rows = rows
    }

    /// - Parameter empty: what is said where there are no rows.
    package func text(empty: String) -> String {
        if rows.isEmpty { return empty }
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

extension Sequence {
    /// The first few, for a cell of a table.
    ///
    /// - Parameter count: how many there are, where these are not all.
    package func listed(separator: String = " ", of count: Int? = nil) -> String {
        let most = 5
        let texts = map { "\($0)" }
        let more = (count ?? texts.count) - most
        return texts.prefix(most).joined(separator: separator) + (more > 0 ? " and \(more) more" : "")
    }
}

extension Optional<Date> {
    package var text: String { self?.formatted(.iso8601) ?? "-" }
}

extension Optional<TokenReport> {
    package var text: String {
        guard let token = self else { return "none" }
        return token.state == .expired ? "expired" : "\(token.expiresIn) s left"
    }
}
