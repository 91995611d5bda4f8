/// A set of scope tokens, space-delimited on the wire (RFC 6749 §3.3).
///
/// Sinch defines no scopes today, so that the usual scope is the empty one, written `""`.
package struct Scope: Hashable, Sendable, CustomStringConvertible {
    private let tokens: Set<String>

    package static let none = Scope(tokens: [])

    private init(tokens: Set<String>) {
        self.tokens = tokens
    }

    /// Throws ``BrokerError/invalidScope`` on a character that RFC 6749's `scope-token` does not allow.
    package init(_ text: String) throws {
        let tokens = text.split(separator: " ").map(String.init)
        let allowed = tokens.joined().utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        guard allowed else { throw BrokerError.invalidScope }
        self.init(tokens: Set(tokens))
    }

    package var isEmpty: Bool { tokens.isEmpty }

    package func isSubset(of other: Scope) -> Bool { tokens.isSubset(of: other.tokens) }

    package var description: String { tokens.sorted().joined(separator: " ") }
}
