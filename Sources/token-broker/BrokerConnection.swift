import ArgumentParser
import Broker
import BrokerSQLite
import Foundation
import Logging
import TokenBrokerClient

/// How a command that is a client of the broker reaches it, and who it is there.
struct BrokerConnection: ParsableArguments {
    /// A restart takes less.
    private static let patience: Duration = .seconds(5)

    @Option(
        help: "A URL, or unix:PATH. [TOKEN_BROKER_URL] (default: unix:<data-dir>/client.sock)"
    )
    var broker: String?

    @Option(help: "Without it, whom this Unix user is registered as. [TOKEN_BROKER_CLIENT_ID]")
    var clientID: String?

    @Option(help: "A file with the client secret. [TOKEN_BROKER_CLIENT_SECRET_FILE]")
    var clientSecretFile: String?

    /// Throws ``OperatorError``.
    func token(of project: ProjectID, _ settings: Settings) async throws -> TokenBrokerClient.AccessToken {
        let broker = try tokenBroker(settings)
        do {
            return try await Progress.shown("waiting for a token") { try await broker.token(for: "\(project)") }
        } catch let error as TokenBrokerError {
            throw OperatorError(error, project: project)
        }
    }

    private func tokenBroker(_ settings: Settings) throws -> TokenBrokerClient.TokenBroker {
        let environment = ProcessInfo.processInfo.environment
        let directory = try Configuration(settings).directory.path
        let address = broker ?? environment["TOKEN_BROKER_URL"] ?? "unix:\(directory)/client.sock"
        var credentials: BrokerCredentials?
        if let id = clientID ?? environment["TOKEN_BROKER_CLIENT_ID"] {
            guard let file = clientSecretFile ?? environment["TOKEN_BROKER_CLIENT_SECRET_FILE"] else {
                throw OperatorError(
                    .invalid, "client '\(id)' has no secret", hint: "name a file with it: --client-secret-file FILE"
                )
            }
            let secret = try SecretInput.text(ofFile: file, namedBy: "--client-secret-file")
            credentials = BrokerCredentials(
                clientID: id, clientSecret: secret.trimmingCharacters(in: .newlines)
            )
        }
        return TokenBrokerClient.TokenBroker(
            address.hasPrefix("unix:") ? .unixSocket(String(address.dropFirst(5))) : .url(address),
            credentials: credentials, patience: Self.patience, logger: .silent
        )
    }
}

extension OperatorError {
    fileprivate init(_ error: TokenBrokerError, project: ProjectID) {
        let user = NSUserName()
        switch error.code {
        case "unreachable":
            self.init(.unavailable, error.description, hint: "does it run, and listen there? --broker says where")
        case "invalid_client":
            self.init(
                .notPermitted, error.description,
                hint: "an operator lets this user in: token-broker client add NAME --uid \(user) --project \(project)"
            )
        case "unauthorized_client":
            self.init(
                .notPermitted, error.description,
                hint: "an operator grants it: token-broker client grant NAME --project \(project)"
            )
        default: self.init(error.isRetryable ? .unavailable : .failed, error.description)
        }
    }
}
