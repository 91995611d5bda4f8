package import Foundation

/// What a token endpoint's address must be for a key secret to be sent there.
package enum TokenEndpointURL {
    /// Sinch's.
    package static let sinch = "https://auth.sinch.com/oauth2/token"

    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "::1", "[::1]"]

    /// The address, when it is `https`, or `http` to loopback; throws ``OperatorError`` otherwise.
    package static func checked(_ text: String) throws -> URL {
        guard let url = URL(string: text), let host = url.host, !host.isEmpty, url.user == nil, url.fragment == nil
        else {
            throw OperatorError(.invalid, "'\(text)' is no address of a token endpoint", hint: "such as \(sinch)")
        }
        guard url.scheme == "https" || (url.scheme == "http" && loopback.contains(host)) else {
            throw OperatorError(
                .invalid, "a token endpoint's address begins with https://, and '\(text)' does not",
                hint: "plain http is for a server on this machine only: it would send the key secret in the clear"
            )
        }
        return url
    }
}
