import Foundation
import NIOHTTP1

/// What HTTP's grammar lets through and HTTP does not.
extension HTTPRequestHead {
    var expectsContinue: Bool {
        version == .http1_1 && headers[canonicalForm: "Expect"].contains { $0.lowercased() == "100-continue" }
    }

    /// White space behind a field's value is not part of it (RFC 9112 §5.1), and NIO's decoder leaves it there.
    mutating func trimFieldValues() {
        guard headers.contains(where: { $0.value.utf8.last.map(\.isWhiteSpace) ?? false }) else { return }
        headers = HTTPHeaders(
            headers.map { name, value in
                let length = value.utf8.count - value.utf8.reversed().prefix(while: \.isWhiteSpace).count
                return (name, String(decoding: value.utf8.prefix(length), as: UTF8.self))
            }
        )
    }

    /// NIO's decoder takes a Proxy-Connection field, which means nothing (RFC 9112, C.2.2), for another Connection: what
    /// it says there of what comes next is done as well.
    private static let connectionFields = ["Connection", "Proxy-Connection"]

    /// What is said of the connection, in lower case.
    private var connectionOptions: [String] {
        Self.connectionFields.flatMap { headers[canonicalForm: $0] }.map { $0.lowercased() }
    }

    /// Whether no other request follows.
    var endsConnection: Bool {
        version != .http1_1 || !isKeepAlive || connectionOptions.contains("close") || method == .CONNECT
    }

    /// A tab there keeps NIO's decoder from seeing an offer that others see, and what comes behind it would not be read
    /// alike.
    var ambiguousOffer: RequestRefusal? {
        let hasTab = Self.connectionFields.flatMap { headers[$0] }.contains { $0.utf8.contains(UInt8(ascii: "\t")) }
        return hasTab ? .malformed("the Connection field has no tabs") : nil
    }

    /// RFC 9110 §7.8; where there is nothing in the field, nothing is offered.
    var offersUpgrade: Bool {
        headers["Upgrade"].contains { !$0.isEmpty } && connectionOptions.contains("upgrade")
    }

    /// RFC 9112 §3.2 and §6.1, and what is more than anybody needs.
    func refusal(largestBody: Int) -> RequestRefusal? {
        let hosts = headers["Host"].count
        if hosts > 1 || (hosts == 0 && version == .http1_1) { return .malformed("a request has one Host field") }
        let encodings = headers["Transfer-Encoding"]
        if !encodings.isEmpty {
            if headers.contains(name: "Content-Length") {
                return .malformed("a request has Content-Length or Transfer-Encoding")
            }
            guard version == .http1_1, encodings.map({ $0.lowercased() }) == ["chunked"] else {
                return .malformed("the only transfer coding is chunked, with HTTP/1.1")
            }
        }
        if let bodyLength, bodyLength > largestBody { return .bodyTooLarge(most: largestBody) }
        return nil
    }

    /// An absolute-form target stands for its path, and its authority for the Host field (RFC 9112 §3.2.2).
    mutating func resolveTarget() -> RequestRefusal? {
        if uri.hasPrefix("/") || uri == "*" || method == .CONNECT { return nil }
        guard let target = URLComponents(string: uri), ["http", "https"].contains(target.scheme?.lowercased()),
            target.user == nil, target.password == nil, var host = target.host, !host.isEmpty
        else { return .malformed("the target is neither a path nor an http address") }
        if host.contains(":"), !host.hasPrefix("[") { host = "[\(host)]" }
        headers.replaceOrAdd(name: "Host", value: target.port.map { "\(host):\($0)" } ?? host)
        let path = target.percentEncodedPath.isEmpty ? "/" : target.percentEncodedPath
        uri = path + (target.percentEncodedQuery.map { "?" + $0 } ?? "")
        return nil
    }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
