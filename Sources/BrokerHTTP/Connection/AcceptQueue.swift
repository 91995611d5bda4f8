import Glibc
import NIOCore

/// The connections that the kernel has completed for a listening socket and that were not accepted yet.
///
/// Closing the socket resets them, although their clients have connected and may have sent a request: so the way in is
/// shut first, then the queue emptied.
struct AcceptQueue: Sendable {
    let socket: any Channel
    let address: ListenAddress

    /// Lets nobody in any more; what is in the queue stays there.
    func shut() async {
        if case .unix(let path) = address { unlink(path) } else { _ = try? await onSocket(Self.dropEverything) }
    }

    /// Whether a connection waits to be accepted.
    var hasConnection: Bool {
        get async {
            (try? await onSocket { descriptor in
                var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                return poll(&look, 1, 0) == 1
            }) == true
        }
    }

    private func onSocket<Result: Sendable>(_ body: @escaping @Sendable (CInt) -> Result) async throws -> Result? {
        try await socket.eventLoop.submit {
            try socket.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self, body)
        }.get()
    }

    /// Has the kernel drop what arrives for the listening socket (`SO_ATTACH_FILTER`, socket(7)): a client that comes
    /// now is not connected; it tries again, and is refused once the socket is closed.
    private static func dropEverything(_ descriptor: CInt) {
        // struct sock_filter with BPF_RET | BPF_K and 0 bytes, and struct sock_fprog (linux/filter.h).
        var instruction: (code: UInt16, jumpTrue: UInt8, jumpFalse: UInt8, k: UInt32) = (0x06, 0, 0, 0)
        withUnsafeMutablePointer(to: &instruction) { pointer in
            var program = (length: UInt16(1), instructions: UnsafeMutableRawPointer(pointer))
            setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout.size(ofValue: program))
            )
        }
    }
}
