import ArgumentParser
import Foundation

struct HelpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help", abstract: "Shows the commands, one of them, or the settings.",
        shouldDisplay: false
    )

    @Argument(help: "A command, such as 'key add', or 'settings'.") var command: [String] = []

    func run() throws {
        let named = try command == ["settings"] ? nil : CommandTree.command(named: command)
        print(named.map { TokenBrokerCommand.helpMessage(for: $0) } ?? Settings.table())
    }
}

extension Settings {
    /// What each of them is, by its flag.
    ///
    /// - Parameter columns: of the terminal, where it is not asked for them.
    static func table(columns: Int? = nil) -> String {
        let options = helpMessage(columns: columns).components(separatedBy: "OPTIONS:\n").dropFirst().joined()
        return """
            Each setting is a flag of every command, or a variable in its environment; a flag wins.

            \(options.components(separatedBy: "  -h, --help")[0])
            """
    }
}
