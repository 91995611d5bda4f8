import ArgumentParser
import Broker
import Foundation

@main
struct TokenBrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token-broker",
        abstract: "Hands access tokens for Sinch to internal services.",
        // The last line of the help says it.
        usage: "",
        version: "\(Version.number) (\(Version.commit))",
        subcommands: [
            Init.self, Serve.self, KeyCommand.self, ClientCommand.self, ProjectCommand.self, ApplyCommand.self,
            ExportCommand.self, TokenCommand.self, ExecCommand.self,
            StatusCommand.self, DoctorCommand.self, AuditCommand.self, BackupCommand.self, Restore.self,
            MasterKeyCommand.self,
            Healthcheck.self, HelpCommand.self,
        ]
    )

    static func main() async {
        // Before anything opens a file.
        StandardStreams.occupy()
        _ = ExecCommand.inherited
        do {
            try ProcessRequirements.check()
            _ = try CommandTree.command(named: Array(CommandLine.arguments.dropFirst().prefix { !$0.hasPrefix("-") }))
            var command = try parseAsRoot()
            // What it becomes has the rights and limits of whoever runs it.
            if !(command is ExecCommand) { try ProcessHardening.apply() }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// A message of the argument parser's without the arguments that it did not expect: one of them may be a secret.
    private static func withoutValues(_ message: String) -> String {
        message.contains(/(?i)unexpected argument/) ? "there are more arguments than the command takes" : message
    }

    /// Says what went wrong and what to do, and exits with the code that DESIGN gives it.
    private static func end(with error: any Error) -> Never {
        // Whoever throws it has said why.
        if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
        if let error = error as? OperatorError {
            Console.complain(error.message, hint: error.hint)
            Foundation.exit(error.reason.exitCode)
        }
        switch exitCode(for: error) {
        case .success:
            print(fullMessage(for: error))
            Foundation.exit(0)
        case .validationFailure:
            Console.complain(
                withoutValues(message(for: error)),
                hint: "'token-broker help' shows the commands, '--help' after one its options")
            Foundation.exit(2)
        default:
            Console.complain(message(for: error))
            Foundation.exit(1)
        }
    }
}

extension OperatorError.Reason {
    var exitCode: Int32 {
        switch self {
        case .notFound, .conflict, .refused, .failed: 1
        case .invalid: 2
        case .unavailable: 69
        case .inUse: 75
        case .notPermitted: 77
        }
    }
}

/// What people read on standard error.
enum Console {
    static func complain(_ message: String, hint: String? = nil) {
        say("error: \(message)")
        if let hint { say("hint: \(hint)") }
    }

    static func say(_ line: String) {
        write(line.escapingControls + "\n")
    }

    static func write(_ text: String) {
        // If standard error is closed or full, the message is lost, and the command continues.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
