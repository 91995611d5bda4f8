import Broker
import Foundation

/// HTTP Basic as RFC 6749 §2.3.1 has it: both halves form-encoded before they are joined.
enum BasicCredentials {
    static func header(id: String, secret: Secret) -> String {
        let joined = FormEncoding.encode(id) + ":" + FormEncoding.encode(secret.reveal())
        return "Basic " + Data(joined.utf8).base64EncodedString()
    }
}
