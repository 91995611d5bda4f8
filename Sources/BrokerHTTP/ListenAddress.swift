import Broker
import Foundation

/// Where a listener listens.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// Reads `host:port`, `[::1]:port`, `localhost:port`, `*:port` or `unix:path`.
    ///
    /// - Parameter directory: where a relative path of a socket begins.
    /// - Throws: ``OperatorError`` for any other text.
    package init(_ text: String, socketsIn directory: String) throws {
        if text.hasPrefix("unix:") {
            let name = text.dropFirst(5)
            let path = name.isEmpty || name.hasPrefix("/") ? String(name) : "\(directory)/\(name)"
            // sockaddr_un holds 108 bytes, the last of them zero.
            guard (1..<108).contains(path.utf8.count) else {
                throw OperatorError(.invalid, "expected a path of 1 to 107 bytes after 'unix:'")
            }
            self = .unix(path: path)
            return
        }
        let host = /\*|[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\]/
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), let name = text[..<colon].wholeMatch(of: host)?.0
        else {
            throw OperatorError(
                .invalid, "expected an address to listen on",
                hint: "such as localhost:8787, *:8787 for all addresses, or unix:/run/token-broker/client.sock"
            )
        }
        self = .tcp(host: String(name.hasPrefix("[") ? name.dropFirst().dropLast() : name), port: port)
    }

    package var isLoopback: Bool {
        switch self {
        case .tcp(let host, _): host.lowercased() == "localhost" || Self.isLoopback(host)
        case .unix: true
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        guard let bytes = IPNetwork.bytes(of: host) else { return false }
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
