import ArgumentParser
import Broker
import BrokerHTTP
import Foundation

/// Whether a reply is printed for people or for programs.
struct Output: ParsableArguments {
    @Flag(help: "Print one JSON object.")
    var json = false

    /// - Parameter lost: what to do about a reply that could not be printed.
    func print<Reply: Encodable>(
        _ reply: Reply, lost: String = "what was asked for is done all the same", orFor people: (Reply) -> String
    ) throws {
        try write(
            json ? String(decoding: try WireJSON.encode(reply, pretty: true), as: UTF8.self) : people(reply), lost)
    }

    /// One of many that are printed as they come: for programs, one JSON object in each line.
    func printLine<Item: Encodable>(_ item: Item, orFor people: (Item) -> String) throws {
        try write(json ? String(decoding: try WireJSON.encode(item), as: UTF8.self) : people(item), nil)
    }

    private func write(_ text: String, _ lost: String?) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        } catch {
            throw OperatorError(.failed, "the reply could not be printed: \(error.localizedDescription)", hint: lost)
        }
    }
}

/// Rows under headings, as wide as they need to be.
struct Table {
    let headings: [String]
    let rows: [[String]]

    /// - Parameter empty: what is said where there are no rows.
    func text(empty: String) -> String {
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
    func listed(separator: String = " ", of count: Int? = nil) -> String {
        let most = 5
        let texts = map { "\($0)" }
        let more = (count ?? texts.count) - most
        return texts.prefix(most).joined(separator: separator) + (more > 0 ? " and \(more) more" : "")
    }
}

extension Optional<Date> {
    var text: String { self?.formatted(.iso8601) ?? "-" }
}

extension Optional<TokenReport> {
    var text: String {
        guard let token = self else { return "none" }
        return token.state == .expired ? "expired" : "\(token.expiresIn) s left"
    }
}

extension Identifier: ExpressibleByArgument {
    public init?(argument: String) {
        try? self.init(argument)
    }
}
