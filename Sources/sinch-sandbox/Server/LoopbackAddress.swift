import ArgumentParser

/// An address that only this machine reaches; the sandbox binds no other.
package enum LoopbackAddress: String, Sendable {
    case ipv4 = "127.0.0.1"
    case ipv6 = "::1"
}

extension LoopbackAddress: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(rawValue: argument == "localhost" ? LoopbackAddress.ipv4.rawValue : argument)
    }
}
