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
        let gate = Gate()
        let responder = Responder(
            routes: Routes(all: [
                .init(.GET, "/", on: place) { _, _ in
                    threads.withLock { $0.append(pthread_self()) }
                    await gate.pass()
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
        await gate.reached(by: 1)
        await gate.open()
        #expect(await answer.value.head.status == .ok)
        return threads.withLock { (onLoop, $0[0], $0[1]) }
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

    /// A piece of work that says which thread it runs on.
    private actor Work {
        func thread() -> pthread_t {
            // Others may run here.
            for _ in 0..<100 { sched_yield() }
            return pthread_self()
        }
    }

    @Test func `all slow work of a listener is done on one thread, actors' included`() async {
        let worker = WorkerThread()
        let threads = await withTaskGroup { group in
            for _ in 0..<50 { group.addTask { await worker.run { await Work().thread() } } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(threads.count == 1)
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
