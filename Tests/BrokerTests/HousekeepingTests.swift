import BrokerTesting
import Foundation
import Testing

@testable import Broker

struct HousekeepingTests {
    private static let day: Duration = .seconds(86_400)

    private let store = MemoryStore()
    private let clock = ManualClock(sleep: .waits)

    /// Keeps house for some days; ten days before their beginning something was recorded.
    private func keepHouse(auditRetention: Duration?, days: Int) async throws {
        let recorded = clock.now.wall.addingTimeInterval(-10 * 86_400)
        try await store.record(AuditRecord(at: recorded, actor: .broker, action: .keyAdded))
        let housekeeping = Housekeeping(
            uses: UseLog(store: store), store: store, backups: Backups(of: store, last: nil, clock: clock),
            auditRetention: auditRetention, health: Health(clock: clock, logger: LineCollector().logger), clock: clock,
            logger: LineCollector().logger
        )
        let end = clock.now.boot + Self.day * days
        let running = Task { try await housekeeping.run() }
        while clock.now.boot < end {
            while clock.sleepers == 0 { await Task.yield() }
            clock.advance(by: .seconds(5))
        }
        running.cancel()
    }

    @Test func `what is older than it is kept is removed, once a day`() async throws {
        let begin = clock.now.wall
        try await keepHouse(auditRetention: Self.day, days: 7)
        let record = try #require(store.records.first)
        #expect(store.records.count == 1)
        #expect(record.action == .auditPruned && record.actor == .broker)
        // The first day's record is too young the next day, and goes on the day after that, in a record's stead.
        let age = record.at.timeIntervalSince(begin)
        #expect(age >= 6 * 86_400 && age < 7 * 86_400)
        #expect(age.truncatingRemainder(dividingBy: 86_400) < 60)
    }

    @Test func `what is to be kept for ever is not removed`() async throws {
        try await keepHouse(auditRetention: nil, days: 1)
        #expect(store.records.map(\.action) == [.keyAdded])
    }
}
