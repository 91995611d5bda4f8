/// What a client asks for.
package struct TokenRequest: Sendable {
    /// `nil`: the client's only grant.
    package let project: ProjectID?
    /// `nil`: what the key is registered with.
    package let scope: Scope?
    /// The life that the token must have left at least.
    package let minimumLife: Duration

    package init(project: ProjectID?, scope: Scope?, minimumLife: Duration = .zero) {
        self.project = project
        self.scope = scope
        self.minimumLife = minimumLife
    }
}
