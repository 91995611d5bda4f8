import Crypto
import Foundation

/// Writes tokens and recognises its own, under a key that lives as long as the process.
struct TokenSigner: Sendable {
    private struct Header: Codable {
        var alg = "HS256"
        let kid: String
        var typ = "JWT"
    }

    private static let keyIDPrefix = "sandbox-"
    private let key = SymmetricKey(size: .bits256)

    /// Writes a token; the generation travels in the key ID of its header.
    func sign(_ claims: TokenClaims, generation: Int) throws -> String {
        let header = Header(kid: TokenSigner.keyIDPrefix + String(generation))
        let parts = [try JSONEncoder.sandbox.encode(header), try JSONEncoder.sandbox.encode(claims)]
        let signed = parts.map { Base64URL.encode($0) }.joined(separator: ".")
        let signature = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key)
        return signed + "." + Base64URL.encode(Data(signature))
    }

    /// What a token of this process says, expired or not.
    func verify(_ token: String) throws(TokenRefusal) -> (claims: TokenClaims, generation: Int) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard
            parts.count == 3,
            let headerBytes = Base64URL.decode(parts[0]),
            let header = try? JSONDecoder().decode(Header.self, from: headerBytes),
            let claimsBytes = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }

        let signed = Data("\(parts[0]).\(parts[1])".utf8)
        guard
            HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: key),
            let generation = Int(header.kid.dropFirst(TokenSigner.keyIDPrefix.count)),
            let claims = try? JSONDecoder().decode(TokenClaims.self, from: claimsBytes)
        else { throw .foreign }
        return (claims, generation)
    }
}
