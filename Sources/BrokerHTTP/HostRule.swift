import Foundation

/// The hosts that a request may name in `Host` (RFC 9110 §7.2).
///
/// Protects against DNS rebinding: a web page makes its own domain resolve to this machine, so that the browser lets the
/// page read the listener's responses.
struct HostRule {
    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "[::1]"]
    /// Top-level domains that have no public domains: RFC 6761, RFC 6762, RFC 8375, names that ICANN does not delegate,
    /// and the ending of Kubernetes service names.
    private static let undelegated: Set<Substring> = [
        "localhost", "test", "local", "arpa", "internal", "home", "corp", "svc",
    ]

    private let allowed: Set<String>
    private let isReachable: Bool

    /// Returns `nil` if rebinding is impossible: for Unix sockets, and with TLS, since the certificate lacks the page's name.
    ///
    /// - Parameters:
    ///   - isSecured: whether TLS is spoken.
    ///   - allowed: names that the operator has given, in lower case.
    init?(on address: ListenAddress, isSecured: Bool, allowed: Set<String>) {
        guard case .tcp(let host, _) = address, !isSecured else { return nil }
        isReachable = !address.isLoopback
        self.allowed = Self.loopback.union(allowed).union([host.contains(":") ? "[\(host)]" : host, Self.machine])
            .reduce(into: []) { $0.insert($1.lowercased()) }
    }

    /// Throws ``RequestRefusal/wrongHost(_:isReachable:)``. HTTP/1.0 may leave its host out.
    func check(_ field: String?) throws {
        guard let authority = field?.lowercased() else { return }
        var host = authority[...]
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard authority[authority.index(after: colon)...].allSatisfy(\.isNumber) else {
                throw RequestRefusal.wrongHost(authority, isReachable: isReachable)
            }
            host = authority[..<colon]
        }
        guard allowed.contains(String(host)) || isReachable && Self.isNobodysDomain(host) else {
            throw RequestRefusal.wrongHost(authority, isReachable: isReachable)
        }
    }

    /// Whether the host is an IP address or a name outside public domains, which no page can own.
    private static func isNobodysDomain(_ host: Substring) -> Bool {
        if IPNetwork.bytes(of: String(host)) != nil { return true }
        if host.hasPrefix("["), host.hasSuffix("]") {
            return IPNetwork.bytes(of: String(host.dropFirst().dropLast())) != nil
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, !last.isEmpty else { return false }
        return labels.count == 1 || undelegated.contains(last)
    }

    /// The host name of the machine or container.
    private static let machine: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()
}
