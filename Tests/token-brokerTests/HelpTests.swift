import ArgumentParser
import Broker
import Testing

@testable import token_broker

@Suite struct HelpTests {
    private static let columns = 80

    /// The lines that a terminal shows.
    private func lineCount(_ text: String) -> Int {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { max(1, ($0.count + Self.columns - 1) / Self.columns) }.reduce(0, +)
    }

    @Test(arguments: CommandTree.all.map(\.path) + [[], ["key"], ["client"], ["project"], ["audit"], ["master-key"]])
    func `a command's help is read at one look`(path: [String]) throws {
        let command = try CommandTree.command(named: path)
        let help = TokenBrokerCommand.helpMessage(for: command, columns: Self.columns)
        #expect(lineCount(help) <= 25, "\(help)")
    }

    @Test(arguments: CommandTree.all.map(\.path).filter { $0 != ["help"] })
    func `a command's help has an example of it that can be typed, and says where the settings are`(
        path: [String]
    ) throws {
        let command = try CommandTree.command(named: path)
        let help = command.helpMessage(columns: 1000)
        let example = try #require(help.firstMatch(of: /Example: token-broker (.+)/)).output.1
        let words = example.split(separator: " ").map(String.init)
        #expect(type(of: try TokenBrokerCommand.parseAsRoot(words)) == command)
        #expect(help.contains("token-broker help settings") && !help.contains("--data-dir <"))
    }

    @Test func `the settings are each in one place, with their variable`() {
        let table = Settings.table(columns: 1000)
        let flags = table.matches(of: /(?m)^  (--[a-z-]+)/).map(\.output.1)
        #expect(flags.count == 22 && flags.contains("--data-dir") && !table.contains("--help"))
        for flag in flags {
            let variable = "[TOKEN_BROKER_" + flag.dropFirst(2).uppercased().replacing("-", with: "_") + "]"
            #expect(table.contains(variable))
        }
    }
}

@Suite struct CommandTreeTests {
    @Test(arguments: [
        (["clinet"], "is 'client' meant?"), (["client", "ad"], "is 'client add' meant?"),
        (["master-key", "rotat"], "is 'master-key rotate' meant?"), (["frobnicate"], "'token-broker help' shows"),
        (["key", "frobnicate"], "'token-broker help key' shows"),
    ])
    func `what is no command is told which is meant`(words: [String], hint: String) throws {
        let error = #expect(throws: OperatorError.self) { try CommandTree.command(named: words) }
        #expect(error?.hint?.contains(hint) == true, "\(error as Any)")
    }

    @Test func `what comes behind a command is its own`() throws {
        #expect(try CommandTree.command(named: ["key", "activate", "frobnicate"]) is KeyCommand.Activate.Type)
        #expect(try CommandTree.command(named: ["help", "frobnicate"]) is HelpCommand.Type)
    }
}
