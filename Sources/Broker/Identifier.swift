/// The name of a project, an access key or a client: 1 to 128 of the characters `A-Z a-z 0-9 . _ -`.
///
/// The alphabet is the same raw, form-encoded, in a URL path and in Basic credentials, so that no client's encoding of
/// it can differ from ours.
package struct Identifier<Subject>: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let description: String

    /// Throws ``BrokerError/invalidRequest(_:)`` when `text` is not made of 1 to 128 of the allowed characters.
    package init(_ text: some StringProtocol) throws {
        let text = String(text)
        guard Self.isValid(text) else {
            throw BrokerError.invalidRequest(
                "an ID has 1 to 128 letters, digits, dots, underscores and hyphens; '.' and '..' are none"
            )
        }
        description = text
    }

    private static func isValid(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default:
                    false
                }
            }
    }

    /// Whether it has this in it, in upper or lower case.
    func contains(_ text: String) -> Bool { text.isEmpty || description.lowercased().contains(text.lowercased()) }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// What a ``ProjectID`` names: a Sinch project, the unit that tokens and grants belong to.
package enum Project {}

package typealias ProjectID = Identifier<Project>
package typealias KeyID = Identifier<AccessKey>

/// A client's ID is the name that the operator gave it.
package typealias ClientID = Identifier<Client>
