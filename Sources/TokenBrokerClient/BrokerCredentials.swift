import Foundation

/// What a client authenticates with: the ID and the secret that `token-broker client add` printed.
public struct BrokerCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    public let clientID: String
    private let clientSecret: String

    public init(clientID: String, clientSecret: String) {
        self.clientID = clientID
        self.clientSecret = clientSecret
    }

    /// HTTP Basic, form-encoded halves: RFC 6749 §2.3.1.
    var authorization: String {
        "Basic " + Data("\(clientID.percentEncoded):\(clientSecret.percentEncoded)".utf8).base64EncodedString()
    }

    /// The ID alone.
    public var description: String { clientID }

    /// Nothing that prints an object's parts gets to see the secret.
    public var customMirror: Mirror { Mirror(self, children: ["clientID": clientID]) }
}
