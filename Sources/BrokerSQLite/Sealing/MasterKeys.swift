import Broker
import Crypto
import Foundation
import Synchronization

/// The master keys by which records open: the newest term's, which seals, and those of earlier terms that are at hand.
final class MasterKeys: Sendable {
    private struct State {
        var newest: SealingKey
        var earlier: [SealedRecord.Term: SealingKey] = [:]
    }

    /// Guards which keys there are.
    private let state: Mutex<State>

    /// Finds out whether the master key's file or the new one's holds the key that proves the newest.
    ///
    /// Throws ``SealingKey/Damage`` when neither does.
    init(from file: MasterKeyFile, proving purposeKeys: PurposeKeys) throws {
        let key = try file.read()
        let newest = SealingKey(key, term: purposeKeys.term)
        if purposeKeys.open(under: newest) {
            state = Mutex(State(newest: newest))
            return
        }
        guard file.new.exists else { throw SealingKey.Damage() }
        let next = SealingKey(try file.new.read(), term: purposeKeys.term)
        guard purposeKeys.open(under: next) else { throw SealingKey.Damage() }
        let previous = SealingKey(key, term: next.term - 1)
        state = Mutex(State(newest: next, earlier: [previous.term: previous]))
    }

    var newest: SealingKey { state.withLock(\.newest) }

    var hasEarlier: Bool { state.withLock { !$0.earlier.isEmpty } }

    /// The key of an earlier term, if a record was opened or sealed with it in this process.
    func earlier(_ term: SealedRecord.Term) -> SealingKey? { state.withLock { $0.earlier[term] } }

    /// Seals with another key from now on. What is in memory goes on to open with the one that it was sealed under.
    func adopt(_ next: SealingKey) {
        state.withLock { state in
            state.earlier[state.newest.term] = state.newest
            state.newest = next
        }
    }

    func seal(_ plaintext: some DataProtocol, for place: SealedPlace) throws -> Sealed {
        Sealed(bytes: try newest.seal(plaintext, for: AssociatedData(place)))
    }

    /// Throws ``SealingKey/Damage`` on anything but the very bytes that were sealed for this place.
    func open(_ sealed: Sealed, from place: SealedPlace) throws -> Data {
        let record = try SealedRecord(sealed.bytes)
        let key = state.withLock { $0.earlier[record.term] ?? $0.newest }
        return try key.open(record, for: AssociatedData(place))
    }

    /// The same under the newest key.
    func resealed(_ sealed: Sealed, in place: SealedPlace) throws -> Sealed {
        if sealed.bytes.starts(with: newest.head) { return sealed }
        return try seal(open(sealed, from: place), for: place)
    }
}
