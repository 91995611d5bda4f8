import Glibc

extension ListenAddress {
    /// The addresses to bind: for `localhost` the loopback addresses of IPv4 and IPv6, for `*` all addresses of both.
    ///
    /// Without what this machine does not have.
    package var bindable: [ListenAddress] {
        guard case .tcp(let name, let port) = self else { return [self] }
        let hosts =
            switch name.lowercased() {
            case "localhost": ["127.0.0.1", "::1"].filter(Self.canBind)
            // NIO has a socket for "::" accept IPv4 as well.
            case "*": [Self.canBind("::") ? "::" : "0.0.0.0"]
            default: [name]
            }
        // Where nothing can be bound, the error names the first.
        return (hosts.isEmpty ? ["127.0.0.1"] : hosts).map { .tcp(host: $0, port: port) }
    }

    /// Whether the machine has an address, and with it the protocol.
    private static func canBind(_ host: String) -> Bool {
        var hints = addrinfo()
        // As NIO, which finds no IPv6 address where no interface has one.
        hints.ai_flags = AI_NUMERICHOST | AI_ADDRCONFIG
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "0", &hints, &found) == 0, let address = found?.pointee else { return false }
        defer { freeaddrinfo(found) }
        let descriptor = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return bind(descriptor, address.ai_addr, address.ai_addrlen) == 0
    }
}
