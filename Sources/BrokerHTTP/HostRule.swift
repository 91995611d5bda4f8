import Foundation

/// Which hosts a request may name (RFC 9110 §7.2): not those that a page could have made a browser resolve to this
/// machine, so that the browser takes the listener for the page's own server (DNS rebinding).
struct HostRule {
    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "[::1]"]
    /// Under these nobody gets a public domain: RFC 6761, RFC 6762, RFC 8375, what ICANN keeps for private use or
    /// delegates to nobody, and what Kubernetes ends services' names with.
    private static let undelegated: Set<Substring> = [
        "localhost", "test", "local", "arpa", "internal", "home", "corp", "svc",
    ]

    private let allowed: Set<String>
    private let isReachable: Bool

    /// `nil` where a browser cannot be led: to a Unix socket, or past a certificate that does not have the page's name.
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

    /// Whether no page can have the host for its own: an address, or a name that is in no public domain.
    private static func isNobodysDomain(_ host: Substring) -> Bool {
        if IPNetwork.bytes(of: String(host)) != nil { return true }
        if host.hasPrefix("["), host.hasSuffix("]") {
            return IPNetwork.bytes(of: String(host.dropFirst().dropLast())) != nil
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, !last.isEmpty else { return false }
        return labels.count == 1 || undelegated.contains(last)
    }

    /// What the machine or the container calls itself.
    private static let machine: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()
}
