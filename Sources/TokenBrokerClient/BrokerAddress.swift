import Foundation

/// Where a token broker listens for its clients.
public struct BrokerAddress: Sendable, Hashable {
    /// What a path is appended to.
    let base: String
    /// Whom a request says that it is for, where the address does not say it.
    let host: String?
    /// As people write it.
    let text: String

    /// The broker behind a URL, such as `http://127.0.0.1:8787`.
    public static func url(_ url: String) -> BrokerAddress {
        BrokerAddress(base: url.hasSuffix("/") ? String(url.dropLast()) : url, host: nil, text: url)
    }

    /// Whether anything could answer there.
    var isUsable: Bool {
        guard let parts = URLComponents(string: base), parts.host?.isEmpty == false, parts.user == nil else {
            return false
        }
        return ["http", "https", "http+unix"].contains(parts.scheme)
    }

    /// The broker on this machine, by its Unix socket, where a client that is registered with a Unix user needs no secret.
    public static func unixSocket(_ path: String) -> BrokerAddress {
        BrokerAddress(base: "http+unix://" + path.percentEncoded, host: "localhost", text: "unix:" + path)
    }
}

extension String {
    /// Everything but what RFC 3986 §2.3 leaves alone, as `%XX`.
    var percentEncoded: String {
        utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.append(Character(Unicode.Scalar(byte)))
            default:
                text += (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
