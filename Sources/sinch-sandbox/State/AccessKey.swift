import Foundation

/// A key ID and key secret of a project.
struct AccessKey {
    let id: String
    let projectID: String
    let displayName: String
    let secret: String
    let createTime: Date
    let updateTime: Date
    /// Sinch takes Basic at its APIs for trying things out only, and limits it heavily; it publishes no numbers.
    var basicAllowance: TokenBucket

    init(id: String, projectID: String, displayName: String, secret: String, at now: Date) {
        self.id = id
        self.projectID = projectID
        self.displayName = displayName
        self.secret = secret
        self.createTime = now
        self.updateTime = now
        self.basicAllowance = TokenBucket(capacity: 1, refillPerSecond: 0.1, at: now)
    }

    /// A secret as Hydra makes them: only characters that need no encoding in a form.
    static func makeSecret() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return String((0..<34).compactMap { _ in alphabet.randomElement() })
    }
}
