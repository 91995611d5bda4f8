import Broker
import Foundation
import NIOHTTP1

extension ClientClaim {
    /// What a request's fields, and its form where it has one, say of who sends it (RFC 6749 §2.3.1).
    ///
    /// Throws ``BrokerError/invalidRequest(_:)`` on two ways of authenticating at once.
    init(_ fields: HTTPHeaders, form: FormFields?) throws {
        let id = form?["client_id"]
        let secret = form?["client_secret"].map(Secret.init)
        let authorization = fields["Authorization"]
        switch authorization.count {
        case 0:
            self.init(id: id, secret: secret)
        case 1:
            let basic = ClientClaim(basic: authorization[0])
            guard secret == nil, id == nil || id == basic.id || !basic.isUsable else {
                throw BrokerError.invalidRequest(
                    "authenticate in one way: HTTP Basic, or client_id and client_secret in the form"
                )
            }
            self = basic
        default:
            throw BrokerError.invalidRequest("a request has one Authorization field")
        }
    }

    /// HTTP Basic (RFC 7617), both halves form-encoded; unusable where it is anything else.
    private init(basic field: String) {
        let words = field.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "basic",
            let bytes = Data(base64Encoded: String(words[1].trimmed)),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let id = FormFields.decode(bytes[..<colon]), !id.isEmpty,
            let secret = FormFields.decode(bytes[(colon + 1)...])
        else {
            self = .unusable
            return
        }
        self.init(id: id, secret: secret.isEmpty ? nil : Secret(secret))
    }
}
