import ArgumentParser
import Broker
import BrokerSQLite
import Foundation
import Logging
import TokenBrokerClient

/// How a command that is a client of the broker reaches it, and who it is there.
struct ClientSettings: ParsableArguments {
    @Option(help: ArgumentHelp("A URL, or unix:PATH. [TOKEN_BROKER_URL]", valueName: "url"))
    var broker: String?

    @Option(help: ArgumentHelp("Else, who this user is. [TOKEN_BROKER_CLIENT_ID]", valueName: "id"))
    var clientID: String?

    @Option(help: ArgumentHelp("[TOKEN_BROKER_CLIENT_SECRET_FILE]", valueName: "file"))
    var clientSecretFile: String?

    /// Throws ``OperatorError``.
    func token(of project: ProjectID, _ settings: Settings) async throws -> TokenBrokerClient.AccessToken {
        let environment = ProcessInfo.processInfo.environment
        let directory = try Configuration(settings, findsInstalled: true).directory.path
        let address = broker ?? environment["TOKEN_BROKER_URL"] ?? "unix:\(directory)/client.sock"
        let credentials = try credentials(environment)
        let broker = TokenBrokerClient.TokenBroker(
            address.hasPrefix("unix:") ? .unixSocket(String(address.dropFirst(5))) : .url(address),
            credentials: credentials, logger: .silent
        )
        do {
            return try await Progress.shown("waiting for a token") { try await broker.token(for: "\(project)") }
        } catch let error as TokenBrokerError {
            let hint = error.hint(credentials?.clientID, at: address, project: project)
            throw OperatorError(error.reason, error.description, hint: hint)
        }
    }

    private func credentials(_ environment: [String: String]) throws -> BrokerCredentials? {
        guard let id = clientID ?? environment["TOKEN_BROKER_CLIENT_ID"] else { return nil }
        guard let file = clientSecretFile ?? environment["TOKEN_BROKER_CLIENT_SECRET_FILE"] else {
            throw OperatorError(
                .invalid, "client '\(id)' has no secret", hint: "name a file with it: --client-secret-file FILE"
            )
        }
        let secret = try SecretInput.secret(ofFile: file, namedBy: "--client-secret-file")
        return BrokerCredentials(clientID: id, clientSecret: secret.reveal())
    }
}

extension TokenBrokerError {
    fileprivate var reason: OperatorError.Reason {
        switch code {
        case "invalid_client", "unauthorized_client": .notPermitted
        case "unusable_address": .invalid
        default: isRetryable ? .unavailable : .failed
        }
    }

    /// - Parameter client: as whom it was asked; `nil` where that was this Unix user
    fileprivate func hint(_ client: String?, at address: String, project: ProjectID) -> String? {
        switch code {
        case "unreachable":
            if let group = address.socketGroup {
                "the group '\(group.name)' may use this socket: \(group.command(for: getuid())), and log in again"
            } else {
                "check that the broker runs and listens there; --broker or --data-dir name another place"
            }
        case "invalid_client" where client == nil:
            "an operator lets this user in: token-broker client add NAME --uid \(getuid()) --project \(project)"
        case "unauthorized_client":
            "an operator grants it: token-broker client grant \(client ?? "NAME") --project \(project)"
        default: nil
        }
    }
}

extension String {
    /// The group that may use the socket of this address, if this user may not.
    fileprivate var socketGroup: SocketGroup? {
        hasPrefix("unix:") ? SocketGroup(of: String(dropFirst(5)), hiddenFrom: getuid()) : nil
    }
}
