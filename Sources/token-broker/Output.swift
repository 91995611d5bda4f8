import ArgumentParser
import Broker
import BrokerHTTP
import Foundation
import Glibc

/// Whether a reply is printed for people or for programs.
struct Output: ParsableArguments {
    @Flag(help: "Print one JSON object.")
    var json = false

    /// - Parameter lost: what to do about a reply that could not be printed.
    func print<Reply: Encodable>(
        _ reply: Reply, lost: String = "what was asked for is done all the same", orFor people: (Reply) -> String
    ) throws {
        try write(json ? try WireJSON.text(reply, pretty: true) : people(reply), lost)
    }

    /// One of many that are printed as they come: for programs, one JSON object in each line.
    func printLine<Item: Encodable>(_ item: Item, orFor people: (Item) -> String) throws {
        try write(json ? try WireJSON.text(item) : people(item), nil)
    }

    /// A page that takes the place of the one before it, where that is a terminal.
    func show(_ page: String) throws {
        try write(page, nil, behind: isatty(STDOUT_FILENO) == 1 ? "\u{1B}[H\u{1B}[2J" : "")
    }

    private func write(_ text: String, _ lost: String?, behind start: String = "") throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((start + text.escapingControls + "\n").utf8))
        } catch {
            throw OperatorError(.failed, "the reply could not be printed: \(error.localizedDescription)", hint: lost)
        }
    }
}

extension WireJSON {
    fileprivate static func text(_ value: some Encodable, pretty: Bool = false) throws -> String {
        String(decoding: try encode(value, pretty: pretty), as: UTF8.self)
    }
}
