import Foundation
import Glibc

/// A connection whose bytes nobody interprets.
struct RawConnection: Sendable {
    enum End: Sendable, Equatable {
        case stillOpen, finished, reset
    }

    let address: String

    /// Asks for a token, and reads what comes until the connection ends, it is enough, or the time is up.
    func exchange(
        for seconds: Double, until isEnough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) async throws -> (bytes: [UInt8], end: End) {
        let body = "grant_type=client_credentials"
        let request = [
            "POST /oauth2/token HTTP/1.1", "Host: localhost", "Content-Type: application/x-www-form-urlencoded",
            "Authorization: Basic " + Data("key-1:s3cr~et".utf8).base64EncodedString(),
            "Content-Length: \(body.utf8.count)", "", body,
        ].joined(separator: "\r\n")
        let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
        return await withCheckedContinuation { continuation in
            // Blocks, and so needs a thread of its own.
            Thread.detachNewThread {
                continuation.resume(returning: Self.exchange(request, port: port, seconds: seconds, isEnough: isEnough))
            }
        }
    }

    private static func exchange(
        _ request: String, port: UInt16, seconds: Double, isEnough: ([UInt8]) -> Bool
    ) -> (bytes: [UInt8], end: End) {
        let connection = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var peer = sockaddr_in()
        peer.sin_family = sa_family_t(AF_INET)
        peer.sin_port = port.bigEndian
        peer.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected, send(connection, request, request.utf8.count, 0) > 0 else { return ([], .reset) }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 0x10000)
        let end = Date().addingTimeInterval(seconds)
        while !isEnough(bytes) {
            var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, CInt(max(0, end.timeIntervalSinceNow) * 1000)) > 0 else { break }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count >= 0 else { return (bytes, .reset) }
            guard count > 0 else { return (bytes, .finished) }
            bytes += buffer[..<count]
        }
        return (bytes, .stillOpen)
    }
}
