package import Foundation

/// Reads what we want to know of a JWT (RFC 7519) without verifying it: we are not the audience.
enum JSONWebToken {
    private struct Claims: Decodable {
        let exp: Double
    }

    /// The `exp` claim, or `nil` where the token is opaque to us.
    static func expiry(of token: Secret) -> Date? {
        let parts = token.reveal().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Data(base64URLEncoded: parts[1]),
            let claims = try? JSONDecoder().decode(Claims.self, from: payload), claims.exp.isFinite
        else { return nil }
        return Date(timeIntervalSince1970: claims.exp)
    }
}

extension Data {
    /// Base64 in the URL's alphabet without padding (RFC 4648 §5).
    package init?(base64URLEncoded text: some StringProtocol) {
        var base64 = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        self.init(base64Encoded: base64)
    }

    package func base64URLEncodedString() -> String {
        base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
