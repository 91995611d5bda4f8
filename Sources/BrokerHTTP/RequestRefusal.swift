import NIOHTTP1

/// Why a request is refused before it means anything to the broker.
enum RequestRefusal: Error, Equatable {
    case malformed(String)
    case headTooLarge
    case bodyTooLarge(most: Int)
    case notAForm
    /// - Parameter parameter: the name in the form or the query.
    case repeated(_ parameter: String)
    /// - Parameter field: the one that browsers send.
    case fromBrowser(field: String)
    /// - Parameter isReachable: whether other machines reach the listener.
    case wrongHost(String, isReachable: Bool)
    case notFound(paths: [String])
    case methodNotAllowed(allow: String)
    /// The admin listener is for the broker's own user and root.
    case notPermitted
    case tooManyConnections

    /// The hint is for the `base64` command, which breaks its output into lines.
    static let notHTTP = Self.malformed(
        "this is not HTTP/1.1; if there are base64 credentials, write them on one line ('base64 -w 0')"
    )
}
