import Futures
import Synchronization

/// Who got a token: the first time to each of them is recorded, once however many requests ask at the same time.
final class Recipients: Sendable {
    /// Guards the records of first hand-outs: those that are durable, and those that are being written.
    private let records = Mutex<[ClientID: Future<Void>]>([:])

    /// Returns when the first hand-out to a client is durable.
    ///
    /// The record belongs to nobody who waits for it. One that fails is everybody's failure who waits, and is tried
    /// again by the next.
    func record(
        _ client: ClientID, by deadline: Deadline, clock: any BrokerClock,
        write: @escaping @Sendable () async throws -> Void
    ) async throws {
        let record = records.withLock { records in
            if let record = records[client] { return record }
            let record = Future {
                do {
                    try await write()
                } catch {
                    self.records.withLock { $0[client] = nil }
                    throw error
                }
            }
            records[client] = record
            return record
        }
        try await record.value(by: deadline, clock: clock)
    }
}
