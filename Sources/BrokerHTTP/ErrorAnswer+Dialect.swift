import NIOHTTP1

extension ErrorAnswer {
    /// Which status a route gives to an error.
    enum Dialect {
        /// An HTTP API's statuses.
        case http
        /// OAuth 2.0's statuses: a client without a grant gets 400 instead of 403 (RFC 6749 §5.2).
        case oauth2
        /// Forward authentication's statuses: 502 for what an operator must fix, 503 for what passes.
        ///
        /// Proxies repeat a 4xx to their visitor, who has done nothing wrong, and a 401 makes a browser ask the visitor for a
        /// password.
        case forwardAuthentication

        /// The status for an error that an HTTP API answers with `status`.
        func status(for status: HTTPResponseStatus) -> HTTPResponseStatus {
            switch (self, status) {
            case (.oauth2, .forbidden): .badRequest
            case (.forwardAuthentication, .tooManyRequests): .serviceUnavailable
            case (.forwardAuthentication, _) where status.code < 500: .badGateway
            default: status
            }
        }
    }
}
