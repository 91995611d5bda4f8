/// Who a TCP listener goes by: a page that made a browser resolve its own name to loopback does not know.
struct HostRule {
    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    private let allowed: Set<String>

    init(allowed: Set<String>) {
        self.allowed = Self.loopback.union(allowed)
    }

    /// Throws ``RequestRefusal/wrongHost(_:)``. HTTP/1.0 may leave its host out.
    func check(_ field: String?) throws {
        guard let authority = field?.lowercased() else { return }
        var host = authority[...]
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard authority[authority.index(after: colon)...].allSatisfy(\.isNumber) else {
                throw RequestRefusal.wrongHost(authority)
            }
            host = authority[..<colon]
        }
        guard allowed.contains(String(host)) else { throw RequestRefusal.wrongHost(authority) }
    }
}
