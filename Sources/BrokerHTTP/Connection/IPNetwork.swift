import Foundation

/// The addresses that whoever has one of them can have as well.
enum IPNetwork {
    private static let loopback = "127.0.0.0/8"
    /// What is in front of an IPv4 address that a listener for both sees (RFC 4291 §2.5.5.2).
    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// All of a machine's loopback addresses; an IPv6 address's first half (RFC 4291 §2.5.4); any other stands for
    /// itself.
    static func text(of address: String) -> String {
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else {
            return address.hasPrefix("127.") ? loopback : address
        }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        if bytes.starts(with: mapped) { return text(of: bytes[12...].map(String.init).joined(separator: ".")) }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".") + "/64"
    }
}
