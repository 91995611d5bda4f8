/// A token as it is handed out.
package struct HandOut: Sendable {
    package let project: ProjectID
    package let token: AccessToken
    package let at: Moment
    /// `nil` when the next one may be decided otherwise.
    package let repeatable: RepeatableHandOut?

    init(_ token: AccessToken, of project: ProjectID, at now: Moment, repeatable: RepeatableHandOut? = nil) {
        self.project = project
        self.token = token
        at = now
        self.repeatable = repeatable
    }

    /// What remains now, in seconds, rounded down.
    package var expiresIn: Int { Int(remaining.components.seconds) }

    package var refreshAfter: Int { Int(untilRefresh.components.seconds) }

    /// The ages of the token at which both of these are what they are now.
    package var sameAges: Range<Duration> {
        let age = at.elapsed(since: token.life.start)
        return age..<age + min(remaining.withinSecond, untilRefresh.withinSecond)
    }

    /// Still valid, but with less life than we promise, because the authorization server is failing.
    package var isDegraded: Bool { !token.life.keepsPromise(at: at) }

    private var remaining: Duration { token.life.remaining(at: at) }

    private var untilRefresh: Duration { token.life.refreshAfter(at: at) }
}

extension Duration {
    /// What is left of it after its whole seconds.
    fileprivate var withinSecond: Duration { self - .seconds(components.seconds) }
}
