import Broker

extension ErrorAnswer {
    /// The description of an error that is answered with 401.
    static func unauthorized(_ error: any Error) -> String {
        switch error {
        case BrokerError.noCredentials(let user):
            "no credentials that can be used came with the request"
                + (user.map { ", and no client is registered for Unix user \($0)" } ?? "")
                + ": send the client ID and the client secret by HTTP Basic, or as client_id and client_secret in the form"
        case BrokerError.unusableCredentials:
            "the Authorization field is not HTTP Basic with a client ID and a client secret: send that, or no such field "
                + "if the client is known by its Unix user or certificate"
        case BrokerError.unknownCertificate(let names):
            "no client is registered for this certificate, which names "
                + (names.isEmpty ? "nobody" : names.map(\.description).joined(separator: " and "))
                + ": ask the operator of the token broker"
        case BrokerError.certificateRefused(let refusal):
            "the client certificate of this connection is not accepted: \(refusal.reason)"
        default:
            "the client ID or the client secret is wrong, or the client is disabled: ask the operator of the token broker"
        }
    }
}
