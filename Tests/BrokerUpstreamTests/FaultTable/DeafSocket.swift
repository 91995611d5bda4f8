import Glibc

/// A listening socket of loopback whose connections nobody accepts.
final class DeafSocket: Sendable {
    private struct SystemError: Error {
        let code = errno
    }

    let port: Int
    private let sockets: [CInt]

    /// - Parameter isFull: whether the kernel takes no connections for it any more either, and drops what comes.
    init(isFull: Bool) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, isFull ? 0 : 128) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else { throw SystemError() }
        port = Int(UInt16(bigEndian: address.sin_port))

        // A queue for none holds one, as Linux counts.
        let fillers = isFull ? [socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)] : []
        for filler in fillers {
            let isConnected = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, length) == 0 }
            }
            guard isConnected else { throw SystemError() }
        }
        sockets = [listener] + fillers
    }

    deinit {
        for socket in sockets { close(socket) }
    }
}
