import Foundation
import Glibc
import Synchronization

/// Writes log lines to a file in the order in which they come, without keeping whoever logs waiting.
///
/// Lines wait in a queue that is bounded. One thread of its own writes them; when nobody reads at the other end, it is
/// the only one that stands still, and what finds no room is dropped, counted, and said as soon as there is room again.
final class LogWriter: Sendable {
    private struct Queue {
        var lines: [UInt8] = []
        /// Since that was last said.
        var dropped = 0
        var everDropped = 0
        /// Whether the thread has lines that it took and did not write yet.
        var isWriting = false
    }

    private static let capacity = 1 << 20

    private let descriptor: CInt
    private let notice: @Sendable (Int) -> String
    /// Guards the lines that wait.
    private let queue = Mutex(Queue())
    private let wakeUp = DispatchSemaphore(value: 0)

    /// - Parameter notice: the line that says how many were dropped.
    init(to descriptor: CInt, notice: @escaping @Sendable (Int) -> String) {
        self.descriptor = descriptor
        self.notice = notice
        let thread = Thread { [self] in while true { writeNext() } }
        thread.name = "log"
        thread.start()
    }

    func write(_ line: String) {
        let wasIdle = queue.withLock { queue in
            let wasIdle = queue.lines.isEmpty
            if queue.dropped > 0 || queue.lines.count + line.utf8.count > Self.capacity {
                queue.dropped += 1
                queue.everDropped += 1
            } else {
                queue.lines.append(contentsOf: line.utf8)
            }
            return wasIdle
        }
        if wasIdle { wakeUp.signal() }
    }

    /// How many lines found no room so far.
    var dropped: Int { queue.withLock(\.everDropped) }

    /// Returns when everything is written, or when that takes too long because nobody reads.
    func flush(timeout: Duration) {
        let end = ContinuousClock.now + timeout
        while queue.withLock({ !$0.lines.isEmpty || $0.isWriting }), ContinuousClock.now < end { usleep(1000) }
    }

    private func writeNext() {
        wakeUp.wait()
        let (lines, dropped) = queue.withLock { queue in
            defer { queue = Queue(everDropped: queue.everDropped, isWriting: true) }
            return (queue.lines, queue.dropped)
        }
        write(lines)
        if dropped > 0 { write(Array(notice(dropped).utf8)) }
        queue.withLock { $0.isWriting = false }
    }

    /// Writes to the last byte, however few are taken at a time; gives up on a file that takes none any more.
    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN {
                // Somebody else's standard error, who wants to be asked again.
                var file = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&file, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
