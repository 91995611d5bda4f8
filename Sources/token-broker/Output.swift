import ArgumentParser
import Broker
import Foundation

/// Whether a reply is printed for people or for programs.
struct Output: ParsableArguments {
    @Flag(help: "Print one JSON object.")
    var json = false

    func print<Reply: Encodable>(_ reply: Reply, orFor people: (Reply) -> String) throws {
        Swift.print(json ? String(decoding: try WireJSON.encode(reply, pretty: true), as: UTF8.self) : people(reply))
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
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
                .replacing(/\ +$/, with: "")
        }.joined(separator: "\n")
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
