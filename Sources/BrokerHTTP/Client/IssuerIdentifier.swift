import Broker
import Foundation

/// The issuer identifier that clients know the broker by (RFC 8414 §2): an `https` URL without query and fragment.
package struct IssuerIdentifier: Sendable, CustomStringConvertible {
    package let description: String
    /// The host in lower case, without the port.
    package let host: String

    /// - Throws: ``OperatorError`` that says what was expected, and never repeats the text.
    package init(_ text: String) throws {
        guard let parts = URLComponents(string: text, encodingInvalidCharacters: false), parts.scheme == "https",
            let host = parts.host?.lowercased(), !host.isEmpty, parts.user == nil, parts.password == nil,
            parts.query == nil, parts.fragment == nil, !parts.path.hasSuffix("/")
        else {
            throw OperatorError(
                .invalid,
                "expected an https URL without user, query, fragment and a slash at the end, such as https://tokens.example"
            )
        }
        description = text
        self.host = host
    }
}
