import Broker
import BrokerHTTP
import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Tells systemd that the broker is ready, that it is alive and that it stops (sd_notify(3)), where systemd asked for it.
struct SystemdNotifier: Service {
    /// How often it is looked whether the broker is ready yet.
    private static let pause: Duration = .milliseconds(20)

    private let path: String
    /// How often systemd wants a sign of life; `nil` where it wants none (sd_watchdog_enabled(3)).
    private let watchdog: Duration?
    private let readiness: Readiness
    private let clock: any BrokerClock
    private let logger: Logger

    /// `nil` where the broker was not started by a systemd that listens.
    init?(environment: [String: String], readiness: Readiness, clock: any BrokerClock, logger: Logger) {
        guard let path = environment["NOTIFY_SOCKET"], !path.isEmpty else { return nil }
        self.path = path
        watchdog = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
        self.readiness = readiness
        self.clock = clock
        self.logger = logger
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !readiness.isReady { try await clock.sleep(for: Self.pause) }
            notify("READY=1")
            guard let watchdog else { return try await gracefulShutdown() }
            while true {
                // A loop that hangs is a broker that hangs.
                for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try await loop.submit {}.get() }
                notify("WATCHDOG=1")
                try await clock.sleep(for: watchdog / 3)
            }
        }
        notify("STOPPING=1")
    }

    private func notify(_ state: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // A name in the abstract namespace begins with a NUL, which systemd writes as '@'.
        let name = path.utf8.prefix(MemoryLayout.size(ofValue: address.sun_path) - 1)
        withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: name)
            if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, state, state.utf8.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
        if sent != state.utf8.count {
            logger.log(
                .systemdUnreachable, level: .warning, "systemd could not be told",
                ["state": "\(state)", "reason": "\(String(cString: strerror(errno)))"]
            )
        }
    }
}
