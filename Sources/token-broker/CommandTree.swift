import ArgumentParser
import Broker

/// Which commands there are.
enum CommandTree {
    static let all = commands(under: TokenBrokerCommand.self, [])

    /// The command that words name; the last one that takes arguments, where more words follow.
    ///
    /// Throws ``OperatorError`` that says which command may be meant.
    static func command(named words: [String]) throws -> any ParsableCommand.Type {
        var command: any ParsableCommand.Type = TokenBrokerCommand.self
        var path: [String] = []
        for word in words {
            let subcommands = command.configuration.subcommands
            if subcommands.isEmpty { break }
            guard let next = subcommands.first(where: { $0._commandName == word }) else {
                let before = path.map { $0 + " " }.joined()
                throw OperatorError(
                    .invalid, "there is no command '\(before)\(word)'",
                    hint: word.question(in: subcommands.map { $0._commandName }, prefix: before)
                        + "'\((["token-broker help"] + path).joined(separator: " "))' shows the commands"
                )
            }
            command = next
            path.append(word)
        }
        return command
    }

    /// Those that do something, by their words.
    private static func commands(
        under command: any ParsableCommand.Type, _ path: [String]
    ) -> [(path: [String], command: any ParsableCommand.Type)] {
        let subcommands = command.configuration.subcommands
        if subcommands.isEmpty { return [(path, command)] }
        return subcommands.flatMap { commands(under: $0, path + [$0._commandName]) }
    }
}

extension CommandConfiguration {
    /// Of a command that the settings hold for.
    ///
    /// - Parameter example: arguments, as they are typed.
    init(commandName: String? = nil, abstract: String, example: String, discussion: String = "") {
        self.init(
            commandName: commandName, abstract: abstract,
            discussion: discussion + (discussion.isEmpty ? "" : "\n")
                + "Example: token-broker \(example)\nSettings: token-broker help settings"
        )
    }
}
