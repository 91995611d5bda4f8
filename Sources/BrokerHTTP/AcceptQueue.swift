import Glibc
import NIOCore

/// The connections that the kernel has completed for a listening socket and that were not accepted yet.
///
/// Closing the socket resets them, although their clients have connected and may have sent a request: so the way in is
/// shut first, then the queue emptied.
enum AcceptQueue {
    private static let longest: Duration = .seconds(1)
    private static let pause: Duration = .milliseconds(1)

    /// Shuts the way in; returns when every connection that came before is accepted, or after a second.
    static func drain(_ channel: any Channel, at address: ListenAddress) async {
        if case .unix(let path) = address { unlink(path) } else { try? await onSocket(of: channel, dropEverything) }
        let end = ContinuousClock.now + longest
        while (try? await onSocket(of: channel, isWaiting)) == true, ContinuousClock.now < end {
            try? await Task.sleep(for: pause)
        }
    }

    private static func onSocket<Result: Sendable>(
        of channel: any Channel, _ body: @escaping @Sendable (CInt) -> Result
    ) async throws -> Result? {
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self, body)
        }.get()
    }

    /// Whether a connection is in the queue.
    private static func isWaiting(_ socket: CInt) -> Bool {
        var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&look, 1, 0) == 1
    }

    /// Has the kernel drop what arrives for the listening socket (`SO_ATTACH_FILTER`, socket(7)): a client that comes
    /// now is not connected; it tries again, and is refused once the socket is closed.
    private static func dropEverything(_ socket: CInt) {
        // struct sock_filter with BPF_RET | BPF_K and 0 bytes, and struct sock_fprog (linux/filter.h).
        var instruction: (code: UInt16, jumpTrue: UInt8, jumpFalse: UInt8, k: UInt32) = (0x06, 0, 0, 0)
        withUnsafeMutablePointer(to: &instruction) { pointer in
            var program = (length: UInt16(1), instructions: UnsafeMutableRawPointer(pointer))
            setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout.size(ofValue: program)))
        }
    }
}
