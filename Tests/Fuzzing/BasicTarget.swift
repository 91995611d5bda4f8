import Broker
import Foundation
import NIOHTTP1

@testable import BrokerHTTP

/// The `Authorization` field: whatever is read as credentials is read the same when it is written anew.
struct BasicTarget: FuzzTarget {
    func run(_ input: [UInt8]) {
        let claim = read(String(decoding: input, as: UTF8.self))
        guard claim.isUsable, let id = claim.id else { return }
        precondition(!id.isEmpty)
        let secret = claim.secret?.reveal()
        let again = read("Basic " + Data("\(encode(id)):\(encode(secret ?? ""))".utf8).base64EncodedString())
        precondition(again.isUsable && again.id == id && again.secret?.reveal() == secret)
    }

    private func read(_ field: String) -> ClientClaim {
        do {
            return try ClientClaim(["Authorization": field], form: nil)
        } catch {
            fatalError("one way of authenticating is never one too many")
        }
    }

    private func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            return byte < 0x80 && (character.isLetter || character.isNumber) ? "\(character)" : percent(byte)
        }.joined()
    }

    private func percent(_ byte: UInt8) -> String { (byte < 16 ? "%0" : "%") + String(byte, radix: 16) }
}
