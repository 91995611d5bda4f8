import BrokerTesting
import CMalloc
import Foundation
import Testing

@testable import Broker

/// What a broker does as long as it runs leaves no memory behind.
struct EnduranceTests {
    /// Each in a process of its own, whose memory nothing else uses.
    @Test func `memory after many refreshes is what it was after half of them`() async {
        await #expect(processExitsWith: .success) {
            let count = ProcessInfo.processInfo.environment["LONG"] == "1" ? 1_000_000 : 10_000
            let test = try await TestBroker()
            try await test.addKey()
            var halves: [Int] = []
            for _ in 0..<2 {
                for number in 0..<count / 2 {
                    _ = try await test.token()
                    test.clock.advance(by: .seconds(3000))
                    try await test.refresh()
                    if number.isMultiple(of: 100) {
                        #expect(test.endpoint.mints.count >= min(100, number))
                        test.endpoint.forget()
                        test.store.forget()
                        test.log.forget()
                    }
                }
                halves.append(Int(mallinfo2().uordblks))
            }
            print("\(count) refreshes: \(halves[0]) bytes after half of them, \(halves[1]) after all")
            // Less than an object for each refresh.
            #expect(halves[1] - halves[0] < 32 << 10)
        }
    }
}
