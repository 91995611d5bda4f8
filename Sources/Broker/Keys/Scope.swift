/// A set of scope tokens, space-delimited on the wire (RFC 6749 §3.3).
///
/// Sinch defines no scopes today, so that the usual scope is the empty one, written `""`.
package struct Scope: Hashable, Sendable, CustomStringConvertible {
    /// The scope tokens in alphabetical order, each once.
    package let description: String

    package static let none = Scope(tokens: [])

    private init(tokens: Set<Substring>) {
        description = tokens.sorted().joined(separator: " ")
    }

    /// Throws ``BrokerError/invalidScope`` on a character that RFC 6749's `scope-token` does not allow.
    package init(_ text: String) throws {
        let tokens = text.split(separator: " ")
        let allowed = tokens.joined().utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        guard allowed else { throw BrokerError.invalidScope }
        self.init(tokens: Set(tokens))
    }

    package var isEmpty: Bool { description.isEmpty }

    package func isSubset(of other: Scope) -> Bool {
        isEmpty || self == other || Set(tokens).isSubset(of: other.tokens)
    }

    private var tokens: [Substring] { description.split(separator: " ") }
}
