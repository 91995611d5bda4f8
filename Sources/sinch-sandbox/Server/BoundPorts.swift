import Synchronization

/// Collects the ports of the listeners until all are bound.
final class BoundPorts: Sendable {
    private let host: LoopbackAddress
    private let expectsHTTPS: Bool
    /// Guards the ports that are bound so far.
    private let ports = Mutex<[Scheme: Int]>([:])

    init(host: LoopbackAddress, expectsHTTPS: Bool) {
        self.host = host
        self.expectsHTTPS = expectsHTTPS
    }

    /// Notes a port.
    /// - Returns: all addresses, when this was the last port that was missing.
    func bound(_ scheme: Scheme, port: Int) -> Addresses? {
        let ports = ports.withLock { ports in
            ports[scheme] = port
            return ports
        }
        guard let http = ports[.http], !expectsHTTPS || ports[.https] != nil else { return nil }
        return switch host {
        case .ipv4:
            Addresses(http: "http://127.0.0.1:\(http)", https: ports[.https].map { "https://localhost:\($0)" })
        case .ipv6:
            Addresses(http: "http://[::1]:\(http)", https: ports[.https].map { "https://[::1]:\($0)" })
        }
    }
}
