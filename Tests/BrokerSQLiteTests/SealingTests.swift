import Broker
import BrokerTesting
import Crypto
import Foundation
import Testing

@testable import BrokerSQLite

struct SealingTests {
    let key = SealingKey(SymmetricKey(size: .bits256), term: 1)
    let secret = Data("canary".utf8)
    let place: SealedPlace

    init() throws {
        place = .keySecret(try KeyID("key-1"), version: 7, tokenEndpoint: nil)
    }

    private func open(_ sealed: [UInt8]) throws -> Data {
        try key.open(SealedRecord(sealed), for: AssociatedData(place))
    }

    @Test func `what was sealed opens, and is different each time`() throws {
        let first = try key.seal(secret, for: AssociatedData(place))
        let second = try key.seal(secret, for: AssociatedData(place))
        #expect(first != second)
        #expect(try open(first) == secret)
        #expect(try open(second) == secret)
    }

    @Test func `a flip of any bit is found`() throws {
        let sealed = try key.seal(secret, for: AssociatedData(place))
        for index in sealed.indices {
            for bit in 0..<8 {
                var damaged = sealed
                damaged[index] ^= 1 << bit
                #expect(throws: SealingKey.Damage.self) { try open(damaged) }
            }
        }
    }

    @Test func `any other length is found`() throws {
        let sealed = try key.seal(secret, for: AssociatedData(place))
        for length in 0..<sealed.count {
            #expect(throws: SealingKey.Damage.self) { try open(Array(sealed.prefix(length))) }
        }
        #expect(throws: SealingKey.Damage.self) { try open(sealed + [0]) }
    }

    @Test func `it opens nowhere else: another row, column, version, endpoint or scope`() throws {
        let slot = TokenSlot(keyID: try KeyID("key-1"), keyVersion: 7, scope: .none)
        let places: [SealedPlace] = [
            place, .keySecret(try KeyID("key-2"), version: 7, tokenEndpoint: nil),
            .keySecret(try KeyID("key-1"), version: 8, tokenEndpoint: nil), .token(slot),
            .token(TokenSlot(keyID: slot.keyID, keyVersion: 7, scope: try Scope("a"))),
            .keySecret(try KeyID("key-1"), version: 7, tokenEndpoint: URL(string: "https://a.example/token")),
            .keySecret(try KeyID("key-1"), version: 7, tokenEndpoint: URL(string: "https://b.example/token")),
        ]
        for sealedIn in places {
            let sealed = try SealedRecord(key.seal(secret, for: AssociatedData(sealedIn)))
            for openedFrom in places where openedFrom != sealedIn {
                #expect(throws: SealingKey.Damage.self) { try key.open(sealed, for: AssociatedData(openedFrom)) }
            }
        }
    }

    @Test func `another master key opens nothing`() throws {
        let sealed = try SealedRecord(key.seal(secret, for: AssociatedData(place)))
        let other = SealingKey(SymmetricKey(size: .bits256), term: 1)
        #expect(throws: SealingKey.Damage.self) { try other.open(sealed, for: AssociatedData(place)) }
    }

    @Test func `another term opens nothing, even of the same master key`() throws {
        let master = SymmetricKey(size: .bits256)
        let (first, second) = (SealingKey(master, term: 1), SealingKey(master, term: 2))
        let record = try SealedRecord(first.seal(secret, for: AssociatedData(place)))
        #expect(throws: SealingKey.Damage.self) { try second.open(record, for: AssociatedData(place)) }
        let renamed = SealedRecord(term: 2, salt: record.salt, commitment: record.commitment, box: record.box)
        #expect(throws: SealingKey.Damage.self) { try second.open(renamed, for: AssociatedData(place)) }
    }

    @Test func `a record that GCM opens under two keys opens under one`() throws {
        let place = AssociatedData(place)
        let other = SealingKey(SymmetricKey(size: .bits256), term: 1)
        // Another key derives from the same salt.
        let honest = try SealedRecord(key.seal(secret, for: place))
        let bound = place.bytes(of: honest.format, honest.term)
        let keys = [key, other].map { $0.derive(honest.salt, for: honest.format).key }
        let box = try TwoKeyCiphertext(keys[0], keys[1], authenticating: bound).box
        for key in keys { #expect(try AES.GCM.open(box, using: key, authenticating: bound).count == 16) }

        let record = SealedRecord(
            term: honest.term, salt: honest.salt, commitment: honest.commitment, box: try #require(box.combined)
        )
        #expect(try key.open(record, for: place).count == 16)
        #expect(throws: SealingKey.Damage.self) { try other.open(record, for: place) }
    }
}
