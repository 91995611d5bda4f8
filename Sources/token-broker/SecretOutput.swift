import ArgumentParser
import Broker
import BrokerSQLite
import Foundation
import Glibc

/// A client secret's way out: printed once, or into a file.
struct SecretOutput: ParsableArguments {
    @Option(help: ArgumentHelp("A new file for the secret, which is not printed then.", valueName: "file"))
    var secretOut: String?

    /// Before there is a secret that could be lost.
    func check() throws {
        guard let secretOut else { return }
        guard !FileManager.default.fileExists(atPath: secretOut) else {
            throw OperatorError(.conflict, "'\(secretOut)' is there already", hint: "name a file that is not")
        }
        try PrivateFile.create(secretOut, [], mode: 0o600, called: "the client secret's file")
        unlink(secretOut)
    }

    /// Prints the credentials, or writes the secret to the file.
    ///
    /// - Parameter flags: The flags of 'client rotate' that replace the secret if it cannot be printed.
    func print(_ credentials: ClientCredentials, by output: Output, ifLost flags: String) throws {
        let lost = "get another secret: token-broker client rotate \(credentials.clientID) \(flags)"
        var credentials = credentials
        if let secretOut, let secret = credentials.clientSecret {
            do {
                try PrivateFile.create(secretOut, Array(secret.utf8), mode: 0o600, called: "the client secret's file")
            } catch let error as OperatorError {
                throw OperatorError(error.reason, error.message, hint: lost)
            }
            credentials.clientSecret = nil
        }
        try output.print(credentials, lost: lost) { credentials in
            var lines = ["client ID:     \(credentials.clientID)"]
            let file = secretOut.map { "in '\($0)'" } ?? "none: it is recognised without"
            lines.append("client secret: \(credentials.clientSecret.map { "\($0) (shown this once)" } ?? file)")
            if let previous = credentials.previousSecret, let ends = previous.expiresAt {
                lines.append("secret \(previous.text): works until \(ends.formatted(.iso8601))")
            }
            lines += (credentials.endedSecrets ?? []).map { "secret \($0.text): ended" }
            lines += ClientCommand.doubts(credentials.projectsWithoutKeys, similar: credentials.similarProjects)
            return lines.joined(separator: "\n")
        }
    }
}
