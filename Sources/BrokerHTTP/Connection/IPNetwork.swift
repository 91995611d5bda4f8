import Foundation

/// The addresses that whoever has one of them can have as well.
enum IPNetwork {
    private static let loopback = "loopback"
    /// `::1`.
    private static let loopback6: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    /// What is in front of an IPv4 address that a listener for both sees (RFC 4291 §2.5.5.2).
    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// An address's 4 or 16 bytes, as the network has them; `nil` for what is no address.
    static func bytes(of address: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, address, &bytes) == 1 { return bytes }
        }
        return nil
    }

    /// An address as its protocol writes it: an IPv4 address also where a listener for both sees it.
    static func plain(_ address: String) -> String {
        guard let bytes = bytes(of: address), bytes.count == 16, bytes.starts(with: mapped) else { return address }
        return bytes[12...].map(String.init).joined(separator: ".")
    }

    /// All of a machine's loopback addresses; an IPv6 address's first half (RFC 4291 §2.5.4); any other stands for
    /// itself.
    static func text(of address: String) -> String {
        guard let bytes = bytes(of: address), bytes.count == 16 else {
            return address.hasPrefix("127.") ? loopback : address
        }
        if bytes == loopback6 { return loopback }
        if bytes.starts(with: mapped) { return text(of: plain(address)) }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".") + "/64"
    }
}
