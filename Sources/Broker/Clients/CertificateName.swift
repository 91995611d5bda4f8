/// A subject alternative name of a client certificate (RFC 5280 §4.2.1.6), written `uri:…` or `dns:…`.
package struct CertificateName: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// Such as a SPIFFE ID.
        case uri
        case dns
    }

    package let kind: Kind
    package let name: String

    /// Throws ``OperatorError`` on what no certificate has. A DNS name is the same in upper and lower case (RFC 4343);
    /// one that stands for many is nobody's.
    package init(_ kind: Kind, _ name: String) throws {
        let isValid =
            switch kind {
            case .uri:
                name.utf8.count <= 2048 && name.contains(":") && name.utf8.allSatisfy(Self.isOfURI)
            case .dns: (1...253).contains(name.utf8.count) && name.utf8.allSatisfy(Self.isOfHost)
            }
        guard isValid else {
            throw OperatorError(
                .invalid, "'\(name)' is no \(kind == .uri ? "URI" : "DNS name") of a certificate",
                hint: "such as spiffe://example.org/billing, or billing.example.org"
            )
        }
        self.kind = kind
        self.name = kind == .dns ? name.lowercased() : name
    }

    /// RFC 3986 §2, and no quotation mark or backslash, which no error description may have.
    private static func isOfURI(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        }
    }

    package var description: String { "\(kind):\(name)" }

    package static func < (one: Self, other: Self) -> Bool { one.description < other.description }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Reads what it is written as.
    package init(_ text: String) throws {
        let halves = text.split(separator: ":", maxSplits: 1)
        guard halves.count == 2, let kind = Kind(rawValue: String(halves[0])) else {
            throw OperatorError(.invalid, "a name of a certificate is written uri:… or dns:…")
        }
        try self.init(kind, String(halves[1]))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
