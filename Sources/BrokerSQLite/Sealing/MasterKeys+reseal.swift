import Broker
import GRDB

extension Change {
    /// What is written is sealed under the newest key, however long ago it was sealed.
    func resealed(by keys: MasterKeys) throws -> Change {
        switch self {
        case .addKey(let key):
            return .addKey(key.with(secret: try keys.resealed(key.secret, in: key.secretPlace)))
        case .putToken(let token):
            return .putToken(try keys.resealed(token))
        default:
            return self
        }
    }
}

extension MasterKeys {
    func resealed(_ token: SealedToken) throws -> SealedToken {
        SealedToken(
            slot: token.slot, life: token.life, sealed: try resealed(token.sealed, in: .token(token.slot))
        )
    }
}
