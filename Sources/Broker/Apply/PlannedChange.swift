/// A change to one key or client, for people and programs to read.
package struct PlannedChange: Codable, Sendable, Equatable {
    package enum Action: String, Codable, Sendable {
        case add, change, remove
    }

    package let action: Action
    /// Of a key, with its project.
    package private(set) var keyID: KeyID?
    package private(set) var projectID: ProjectID?
    package private(set) var clientID: ClientID?
    /// What is different; never a secret.
    package let details: [String]

    init(_ action: Action, key: KeyID, of project: ProjectID, _ details: [String]) {
        self.action = action
        keyID = key
        projectID = project
        self.details = details
    }

    init(_ action: Action, client: ClientID, _ details: [String]) {
        self.action = action
        clientID = client
        self.details = details
    }
}
