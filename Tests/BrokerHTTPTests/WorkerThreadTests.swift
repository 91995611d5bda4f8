import Broker
import BrokerTesting
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import BrokerHTTP

/// Which thread a request is answered on; its task begins on an event loop, as a connection's does.
struct WorkerThreadTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

    /// Answers a request whose route has a place; returns the threads of its work before and after it waited.
    private func threads(ofRouteOn place: Routes.Place) async throws -> (
        eventLoop: pthread_t, before: pthread_t, after: pthread_t
    ) {
        let threads = Mutex<[pthread_t]>([])
        let responder = Responder(
            routes: Routes(all: [
                .init(.GET, "/", on: place) { _, _ in
                    threads.withLock { $0.append(pthread_self()) }
                    await Task.yield()
                    await Elsewhere().wait()
                    threads.withLock { $0.append(pthread_self()) }
                    return WholeResponse(body: ByteBuffer())
                }
            ]),
            hosts: nil, hasPage: false, log: .silent
        )
        let request = WholeRequest(
            peer: Peer(.unknown), head: HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), body: ByteBuffer(),
            bytes: ByteBuffer()
        )
        let (onLoop, answer) = try await eventLoop.submit {
            (pthread_self(), Task.immediate { await responder.answer(request) })
        }.get()
        #expect(await answer.value.head.status == .ok)
        return threads.withLock { (onLoop, $0[0], $0[1]) }
    }

    /// Something that a request waits for.
    private actor Elsewhere {
        func wait() async { try? await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func `slow work is done on the listener's own thread, before and after it waits`() async throws {
        let (eventLoop, before, after) = try await threads(ofRouteOn: .worker)
        #expect(before == after)
        #expect(before != eventLoop)
    }

    @Test func `small work begins on the connection's event loop`() async throws {
        let (eventLoop, before, _) = try await threads(ofRouteOn: .eventLoop)
        #expect(before == eventLoop)
    }

    /// How much work runs at a time.
    private final class Running: Sendable {
        /// Guards the pieces of work that run now, and the most that ran at a time.
        private let count = Mutex((now: 0, most: 0))

        var most: Int { count.withLock(\.most) }

        func perform(_ work: () -> Void) {
            count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            work()
            count.withLock { $0.now -= 1 }
        }
    }

    /// A piece of work, which nothing else waits for.
    private actor Work {
        private let running: Running

        init(_ running: Running) { self.running = running }

        func perform() { running.perform { usleep(1000) } }
    }

    @Test func `one piece of slow work is done at a time, actors' included`() async {
        let worker = WorkerThread()
        let running = Running()
        await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { await worker.run { await Work(running).perform() } } }
        }
        #expect(running.most == 1)
    }

    @Test func `an error is thrown on, and a thread that is let go ends its work`() async {
        let error = OperatorError(.invalid, "it fails")
        await #expect(throws: OperatorError.self) {
            try await WorkerThread().run {
                await Task.yield()
                throw error
            }
        }
    }
}
