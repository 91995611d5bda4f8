import Broker

/// An error of a request whose client is known, so that the log can name the client.
struct AuthorizedRequestError: Error {
    let error: any Error
    let client: ClientID
    /// The project that the request named, if there is one of that ID: anything else may be a secret in the wrong place.
    let project: ProjectID?
}
