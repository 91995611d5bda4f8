import Broker
import Foundation

/// Reads a token endpoint's answer (RFC 6749 §5.1 and §5.2), believing nothing.
enum TokenResponse {
    private static let longestToken = 8 * 1024

    private struct Success: Decodable {
        let access_token: String
        let token_type: String
        let expires_in: ExpiresIn?
    }

    /// A number, or a string that holds one, as some servers send.
    private struct ExpiresIn: Decodable {
        let seconds: Double

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self), let number = Double(text) {
                seconds = number
            } else {
                seconds = try container.decode(Double.self)
            }
        }
    }

    private struct Failure: Decodable {
        let error: String
    }

    /// Throws ``MintFailure``. What the body says stays out of it: it may repeat what we sent.
    static func token(status: UInt, retryAfter: Duration?, body: Data) throws -> MintedToken {
        switch status {
        case 200:
            return try token(from: body)
        case 429:
            throw MintFailure.throttled(retryAfter: retryAfter)
        case 408, 500...599:
            throw MintFailure.unavailable("status \(status)", retryAfter: retryAfter)
        default:
            let code = (try? JSONDecoder().decode(Failure.self, from: body))?.error
            if code == "invalid_client" || (status == 401 && code == nil) { throw MintFailure.keyRefused }
            let known = [
                "invalid_request", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
            ]
            throw MintFailure.refused("status \(status)" + (code.map { known.contains($0) ? ", \($0)" : "" } ?? ""))
        }
    }

    private static func token(from body: Data) throws -> MintedToken {
        let success: Success
        guard JSONKeys.areUnique(in: body), !body.starts(with: [0xEF, 0xBB, 0xBF]) else {
            throw MintFailure.garbled("a field stands twice in the JSON, or a byte order mark before it")
        }
        do {
            success = try JSONDecoder().decode(Success.self, from: body)
        } catch {
            throw MintFailure.garbled("not the JSON of RFC 6749 §5.1")
        }
        guard success.token_type.lowercased() == "bearer" else {
            throw MintFailure.garbled("the token's type is not bearer")
        }
        let token = success.access_token.utf8
        guard (1...longestToken).contains(token.count), token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw MintFailure.garbled("the token is empty, longer than 8 KiB, or not printable ASCII without spaces")
        }
        return MintedToken(value: Secret(success.access_token), expiresIn: success.expires_in?.seconds)
    }
}
