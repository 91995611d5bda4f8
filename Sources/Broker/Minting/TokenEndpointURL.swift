package import Foundation

/// What a token endpoint's address must be for a key secret to be sent there.
package enum TokenEndpointURL {
    /// Sinch's.
    package static let sinch = "https://auth.sinch.com/oauth2/token"

    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "::1", "[::1]"]

    /// Reads the URL of a token endpoint: `https`, or `http` to loopback.
    ///
    /// - Throws: ``OperatorError`` for any other text. The text may hold a password, so that the error does not repeat it.
    package static func checked(_ text: String) throws -> URL {
        guard let url = URL(string: text), let host = url.host, !host.isEmpty, !text.contains("@"), url.fragment == nil
        else {
            throw OperatorError(
                .invalid, "expected the URL of a token endpoint, without a user name or a password",
                hint: "such as \(sinch)"
            )
        }
        guard url.scheme == "https" || (url.scheme == "http" && loopback.contains(host)) else {
            throw OperatorError(
                .invalid, "expected the URL of a token endpoint to begin with https://",
                hint: "plain http is for a server on this machine only: it would send the key secret in the clear"
            )
        }
        return url
    }
}
