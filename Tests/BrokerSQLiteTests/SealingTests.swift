import Broker
import BrokerTesting
import Crypto
import Foundation
import Testing

@testable import BrokerSQLite

@Suite(.timeLimit(.minutes(1))) struct SealingTests {
    let key = SealingKey(SymmetricKey(size: .bits256))
    let secret = Data("canary".utf8)
    let place: SealedPlace

    init() throws {
        place = .keySecret(try KeyID("key-1"), version: 7)
    }

    @Test func `what was sealed opens, and is different each time`() throws {
        let first = try key.seal(secret, for: AssociatedData(place))
        let second = try key.seal(secret, for: AssociatedData(place))
        #expect(first != second)
        #expect(try key.open(first, for: AssociatedData(place)) == secret)
        #expect(try key.open(second, for: AssociatedData(place)) == secret)
    }

    @Test func `a flip of any bit is found`() throws {
        let sealed = try key.seal(secret, for: AssociatedData(place))
        for index in sealed.indices {
            for bit in 0..<8 {
                var damaged = sealed
                damaged[index] ^= 1 << bit
                #expect(throws: SealingKey.Damage.self) { try key.open(damaged, for: AssociatedData(place)) }
            }
        }
    }

    @Test func `any other length is found`() throws {
        let sealed = try key.seal(secret, for: AssociatedData(place))
        for length in 0..<sealed.count {
            #expect(throws: SealingKey.Damage.self) {
                try key.open(Array(sealed.prefix(length)), for: AssociatedData(place))
            }
        }
        #expect(throws: SealingKey.Damage.self) { try key.open(sealed + [0], for: AssociatedData(place)) }
    }

    @Test func `it opens nowhere else: another row, column, version or scope`() throws {
        let slot = TokenSlot(keyID: try KeyID("key-1"), keyVersion: 7, scope: .none)
        let places: [SealedPlace] = [
            place, .keySecret(try KeyID("key-2"), version: 7), .keySecret(try KeyID("key-1"), version: 8), .token(slot),
            .token(TokenSlot(keyID: slot.keyID, keyVersion: 7, scope: try Scope("a"))),
        ]
        for sealedIn in places {
            let sealed = try key.seal(secret, for: AssociatedData(sealedIn))
            for openedFrom in places where openedFrom != sealedIn {
                #expect(throws: SealingKey.Damage.self) { try key.open(sealed, for: AssociatedData(openedFrom)) }
            }
        }
    }

    @Test func `another master key opens nothing`() throws {
        let sealed = try key.seal(secret, for: AssociatedData(place))
        let other = SealingKey(SymmetricKey(size: .bits256))
        #expect(throws: SealingKey.Damage.self) { try other.open(sealed, for: AssociatedData(place)) }
    }

    @Test func `a record that GCM opens under two keys opens under one`() throws {
        let place = AssociatedData(place)
        let other = SealingKey(SymmetricKey(size: .bits256))
        // The record's version, salt and commitment; another key derives from the same salt.
        let head = try key.seal(secret, for: place).prefix(65)
        let keys = [key, other].map { $0.derive(Data(head[1..<33])).key }
        let box = try TwoKeyCiphertext(keys[0], keys[1], authenticating: place.bytes).box
        for key in keys { #expect(try AES.GCM.open(box, using: key, authenticating: place.bytes).count == 16) }

        let sealed = try Array(head) + #require(box.combined)
        #expect(try key.open(sealed, for: place).count == 16)
        #expect(throws: SealingKey.Damage.self) { try other.open(sealed, for: place) }
    }
}
