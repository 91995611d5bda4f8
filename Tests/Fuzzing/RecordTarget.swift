import Broker
import Crypto
import Foundation

@testable import BrokerSQLite

/// Records from a database that somebody else may have written: nothing opens but what was sealed for its place.
///
/// An input is a record's bytes, each combined (XOR) with one of a record that was sealed, so that a fuzzer finds those
/// that nearly open.
struct RecordTarget: FuzzTarget {
    private let key = SealingKey(SymmetricKey(size: .bits256), term: 7)
    private let place: AssociatedData
    private let sealed: [UInt8]

    init() throws {
        place = AssociatedData(.keySecret(try KeyID("key-1"), version: 1, tokenEndpoint: nil))
        sealed = try key.seal(Data("a secret as long as Sinch's are".utf8), for: place)
    }

    func run(_ input: [UInt8]) {
        let record = input.enumerated().map { place, byte in place < sealed.count ? byte ^ sealed[place] : byte }
        let opened = try? key.open(SealedRecord(record), for: place)
        precondition((opened != nil) == (record == sealed))
    }
}
