import BrokerTesting
import CMalloc
import Foundation
import Testing

@testable import Broker

/// What a broker does as long as it runs leaves no memory behind.
struct EnduranceTests {
    /// Each in a process of its own, whose memory nothing else uses.
    @Test func `memory after many refreshes is what it was after half of them`() async {
        // Blocks that threads keep for their next malloc would count as allocated.
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1)
        await #expect(processExitsWith: .success) {
            let count = ProcessInfo.processInfo.environment["LONG"] == "1" ? 1_000_000 : 40_000
            // mallinfo2 counts a single arena.
            mallopt(M_ARENA_MAX, 1)
            let test = try await TestBroker()
            try await test.addKey()
            var halves: [Int] = []
            for _ in 0..<2 {
                for number in 0..<count / 2 {
                    _ = try await test.token()
                    test.clock.advance(by: .seconds(3000))
                    try await test.refresh()
                    if number % 100 == 99 {
                        #expect(test.endpoint.mints.count >= 100)
                        test.endpoint.forget()
                        test.store.forget()
                        test.log.forget()
                    }
                }
                halves.append(try await settledMemory())
            }
            print("\(count) refreshes: \(halves[0]) bytes after half of them, \(halves[1]) after all")
            // Less than an object for each refresh. The difference varies by some 40 KiB, and does not grow with the count.
            #expect(halves[1] - halves[0] < 128 << 10, "\(halves[1]) bytes, \(halves[0]) after half")
        }
    }
}

/// The allocated bytes once nothing more is freed for half a second.
private func settledMemory() async throws -> Int {
    var (least, since) = (Int.max, ContinuousClock.now)
    while ContinuousClock.now < since + .milliseconds(500) {
        let allocated = Int(mallinfo2().uordblks)
        if allocated < least { (least, since) = (allocated, .now) }
        try await Task.sleep(for: .milliseconds(20))
    }
    return least
}
