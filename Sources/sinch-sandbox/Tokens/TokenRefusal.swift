import Foundation

/// Why an API does not take a token, in the words of the challenge.
///
/// Only an expired token is called expired: that word makes Sinch's SDKs fetch a new one.
enum TokenRefusal: Error {
    case malformed
    case foreign
    case expired(at: Date)
    case keyDeleted

    var description: String {
        switch self {
        case .malformed: "An error occurred while attempting to decode the Jwt: Malformed token"
        case .foreign: "An error occurred while attempting to decode the Jwt: Signed JWT rejected: Invalid signature"
        case .expired(let time): "Jwt expired at \(time.ISO8601Format())"
        case .keyDeleted: "The access key of this token has been deleted"
        }
    }
}
